import Foundation

/// A folder that is deleted when nobody holds it any more.
final class TemporaryFolder: Sendable {
    let path: String

    init(_ name: String) throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("asyncflow-\(UUID()) \(name)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file within it.
    subscript(name: String) -> String { "\(path)/\(name)" }
}
