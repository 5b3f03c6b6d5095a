import AsyncFlowBase

/// Copies the lines of a recording to standard output as they are written.
final class EventCopier: Sendable {
    private let path: String
    private let isEnding = AtomicFlag()
    private let hasEnded = WakeUp()

    init(_ path: String) {
        self.path = path
        if (try? SystemThread.startDetached { self.copy() }) == nil { hasEnded.signal() }
    }

    /// Copies what there is, and ends. The recording has to be complete.
    func finish() {
        _ = isEnding.raise()
        hasEnded.wait()
    }

    private func copy() {
        defer { hasEnded.signal() }
        var file: CInt = -1
        defer { if file >= 0 { close(file) } }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            // Looked at before the file is: what was written until then is copied.
            let isLast = isEnding.isRaised
            if file < 0 { file = open(path, O_RDONLY | O_CLOEXEC) }
            while file >= 0, let count = try? retrying({ read(file, &buffer, buffer.count) }), count > 0 {
                write(buffer[..<count])
            }
            if isLast { return }
            usleep(100_000)
        }
    }

    /// Bytes as they are: a piece may end within a character.
    private func write(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { buffer in
                (try? retrying { AsyncFlowBase.write(STDOUT_FILENO, buffer.baseAddress, buffer.count) }) ?? 0
            }
            // A reader who has gone leaves nobody to tell.
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }
}
