import Foundation

/// A folder that is deleted when nobody holds it any more.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init(_ name: String) throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("asyncflow-\(UUID()) \(name)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file within it.
    package subscript(name: String) -> String { "\(path)/\(name)" }
}
