import AsyncFlowBase

/// The reason that a recording can't be read.
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

    /// Reads a recording of any size; `-` is the standard input. The files of a recording that were put aside are read
    /// before the one that is named.
    package static func read(_ path: String) throws(RunFileError) -> RunFile {
        let parts = path == "-" ? [] : RecordingParts(of: path).found
        let files = parts + [path]
        let shown = path == "-" ? "the standard input" : "'\(path.harmless())'"
        let descriptor = path == "-" ? STDIN_FILENO : open(files[0], O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOENT || code == ENOTDIR {
                throw RunFileError(
                    reason: .missing, description: "There is no file \(shown). A recording is named *.telemetry.jsonl.")
            }
            throw RunFileError(
                reason: .unreadable, description: "\(shown) can't be read: \(String(cString: strerror(code))).")
        }
        var (current, place) = (descriptor, 0)
        defer { if path != "-" { close(current) } }
        var pipeline = RunPipeline(descriptor) { () throws(LinePieces.Failure) in
            guard place + 1 < files.count else { return nil }
            place += 1
            let next = open(files[place], O_RDONLY | O_CLOEXEC)
            guard next >= 0 else { throw .system(errno) }
            close(current)
            current = next
            return next
        }
        while !pipeline.isAtEnd {
            do {
                try pipeline.step()
            } catch {
                throw failure(error, after: pipeline.byteCount, shown)
            }
            let notes = pipeline.reader.notes
            if pipeline.isBinary || (notes.eventCount == 0 && notes.skippedCount >= 1000) { throw foreign(shown) }
        }
        let reader = pipeline.reader
        guard pipeline.byteCount > 0 else {
            throw RunFileError(
                reason: .empty,
                description: "\(shown) is empty: the run ended before its first event was written, or has only begun.")
        }
        guard reader.notes.eventCount > 0 else { throw foreign(shown) }
        return RunFile(model: reader.model, notes: reader.notes)
    }

    private static func failure(
        _ failure: LinePieces.Failure, after byteCount: Int, _ shown: String
    ) -> RunFileError {
        guard case .system(let code) = failure else {
            return RunFileError(
                reason: .unreadable,
                description: "\(shown) isn't a gzip file, or is damaged: "
                    + "it can't be read after \(byteCount) bytes of text. "
                    + "'gzip -dc' may show what is left of it.")
        }
        if code == EISDIR {
            return RunFileError(
                reason: .directory,
                description: "\(shown) is a folder. Name one of the recordings in it: *.telemetry.jsonl.")
        }
        return RunFileError(
            reason: .unreadable,
            description: "Reading \(shown) failed after \(byteCount) bytes: \(String(cString: strerror(code))).")
    }

    private static func foreign(_ shown: String) -> RunFileError {
        RunFileError(
            reason: .foreign,
            description: "\(shown) isn't a recording: it contains no events, "
                + "which are lines with a JSON object that has 'event_type' and 'event_time'.")
    }
}
