#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Why a recording can't be read.
package struct RunFileError: Error, Equatable, CustomStringConvertible {
    package enum Reason: Sendable, Equatable {
        case missing, directory, unreadable, empty, foreign
    }

    package let reason: Reason
    package let description: String
}

/// A recording: a file of one event per line.
package struct RunFile {
    package private(set) var model: RunModel
    package private(set) var notes: RunReadingNotes

    private static let chunk = 4 << 20

    /// Reads a recording of any size; `-` is the standard input.
    package static func read(_ path: String) throws(RunFileError) -> RunFile {
        let shown = path == "-" ? "the standard input" : "'\(path)'"
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOENT || code == ENOTDIR {
                throw RunFileError(
                    reason: .missing, description: "There is no file \(shown). A recording is named *.telemetry.jsonl.")
            }
            throw RunFileError(
                reason: .unreadable, description: "\(shown) can't be read: \(String(cString: strerror(code))).")
        }
        defer { if path != "-" { close(descriptor) } }
        return try read(descriptor, shown)
    }

    private static func read(_ descriptor: Int32, _ shown: String) throws(RunFileError) -> RunFile {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 16)
        defer { buffer.deallocate() }
        var reader = RunReader()
        var byteCount = 0
        while true {
            #if canImport(Darwin)
            let count = Darwin.read(descriptor, buffer.baseAddress!, chunk)
            #elseif canImport(Musl)
            let count = Musl.read(descriptor, buffer.baseAddress!, chunk)
            #else
            let count = Glibc.read(descriptor, buffer.baseAddress!, chunk)
            #endif
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                if code == EISDIR {
                    throw RunFileError(
                        reason: .directory,
                        description: "\(shown) is a folder. Name one of the recordings in it: *.telemetry.jsonl.")
                }
                throw RunFileError(
                    reason: .unreadable,
                    description: "Reading \(shown) failed after \(byteCount) bytes: \(String(cString: strerror(code)))."
                )
            }
            if count == 0 { break }
            let bytes = UnsafeBufferPointer(
                start: buffer.baseAddress!.assumingMemoryBound(to: UInt8.self), count: count)
            // A program, an archive or an image: not worth reading to its end.
            if byteCount == 0, memchr(bytes.baseAddress!, 0, min(count, 4096)) != nil { throw foreign(shown) }
            byteCount += count
            reader.feed(bytes)
            if reader.notes.eventCount == 0, reader.notes.skippedCount >= 1000 { throw foreign(shown) }
        }
        reader.finish()
        guard byteCount > 0 else {
            throw RunFileError(
                reason: .empty,
                description: "\(shown) is empty: the run ended before its first event was written, or it goes on.")
        }
        guard reader.notes.eventCount > 0 else { throw foreign(shown) }
        return RunFile(model: reader.model, notes: reader.notes)
    }

    private static func foreign(_ shown: String) -> RunFileError {
        RunFileError(
            reason: .foreign,
            description: "\(shown) is no recording of a run: none of its lines is an event, "
                + "a JSON object with 'event_type' and 'event_time'.")
    }
}
