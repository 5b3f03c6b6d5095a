#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The file of a recording, which only ever grows.
struct RecordingFile: ~Copyable, Sendable {
    let path: String
    private let descriptor: CInt

    /// Makes the file, and the directory that it is in.
    init(path: String) throws(TelemetryError) {
        self.path = path
        descriptor = try Self.make(path)
    }

    private static func make(_ path: String) throws(TelemetryError) -> CInt {
        let directory = URL(filePath: path).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw TelemetryError(
                "the directory of the recording, \(directory), can't be made: \(error)")
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw TelemetryError("the recording \(path) can't be written: \(reason(errno))") }
        return descriptor
    }

    deinit { close(descriptor) }

    /// Writes all of it.
    ///
    /// - Returns: how many bytes of it were written, and why not all, if so.
    func write(_ bytes: UnsafeRawBufferPointer) -> (count: Int, problem: String?) {
        var written = 0
        while written < bytes.count {
            #if canImport(Darwin)
            let count = Darwin.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
            #elseif canImport(Glibc)
            let count = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
            #else
            let count = Musl.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
            #endif
            if count > 0 {
                written += count
            } else if count == 0 || errno != EINTR {
                return (written, Self.reason(errno))
            }
        }
        return (written, nil)
    }

    /// Has the system bring to the disk what was written.
    func synchronize() -> String? { fsync(descriptor) == 0 ? nil : Self.reason(errno) }

    private static func reason(_ code: CInt) -> String { String(cString: strerror(code)) }
}

/// What keeps telemetry from being started or written.
public struct TelemetryError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was to be done, with what, and why it can't be.
    public let description: String

    init(_ description: String) { self.description = description }
}
