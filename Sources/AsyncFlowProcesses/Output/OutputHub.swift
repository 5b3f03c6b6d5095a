import AsyncFlowBase
import Synchronization

/// The distributor of the output of one task's commands to its readers, while it is written.
///
/// The first 64 KiB are kept, so that a reader that is added a moment after the command has begun or ended misses
/// nothing. After that, without a reader, it costs only a check for each piece.
package final class OutputHub: Sendable {
    /// The number of bytes kept for late readers.
    static let keptBytes = 64 << 10

    package init() {}

    private struct Streams<Value: Sendable>: Sendable {
        var output: Value
        var error: Value
        subscript(stream: OutputLine.Stream) -> Value {
            get { stream == .standardOutput ? output : error }
            set { if stream == .standardOutput { output = newValue } else { error = newValue } }
        }
    }

    private struct State {
        /// The output so far; nil once there is too much.
        var kept: [(stream: OutputLine.Stream, bytes: [UInt8])]? = []
        var keptCount = 0
        /// Whether the last output ended within a line.
        var isInLine = Streams(output: false, error: false)
        var splitters = Streams(output: LineSplitter(), error: LineSplitter())
        var readers: [UInt64: OutputReader] = [:]
        var lastReader: UInt64 = 0
        var isFinished = false

        mutating func keep(_ bytes: UnsafeRawBufferPointer, from stream: OutputLine.Stream) {
            isInLine[stream] = bytes.last != UInt8(ascii: "\n")
            guard kept != nil else { return }
            keptCount += bytes.count
            if keptCount <= OutputHub.keptBytes {
                kept!.append((stream, Array(bytes)))
            } else {
                kept = nil
            }
        }

        /// Returns the lines of the kept output; the splitters continue from there.
        mutating func keptLines() -> [OutputLine] {
            guard let kept else {
                if readers.isEmpty {
                    splitters = Streams(
                        output: LineSplitter(isInLine: isInLine.output), error: LineSplitter(isInLine: isInLine.error))
                }
                return []
            }
            splitters = Streams(output: LineSplitter(), error: LineSplitter())
            return kept.flatMap { stream, bytes in bytes.withUnsafeBytes { lines(of: $0, from: stream) } }
        }

        mutating func lines(of bytes: UnsafeRawBufferPointer, from stream: OutputLine.Stream) -> [OutputLine] {
            var lines: [OutputLine] = []
            splitters[stream].appendParts(bytes) { part in
                lines.append(
                    OutputLine(
                        text: part.text, stream: stream, isContinuation: part.isContinuation,
                        isContinued: part.isContinued))
            }
            return lines
        }
    }
    private let state = Lock(State())

    /// Adds a reader.
    ///
    /// - Returns: a reader of the kept output and of everything that follows.
    package func makeReader() -> OutputReader {
        let reader = OutputReader()
        let (lines, isOver) = state.withLock { state in
            let lines = state.keptLines()
            guard !state.isFinished else { return (lines, true) }
            state.lastReader += 1
            state.readers[state.lastReader] = reader
            reader.whenUnused { [weak self, number = state.lastReader] in self?.remove(number) }
            reader.receive(lines)  // before anything that comes later
            return ([], false)
        }
        reader.receive(lines)
        if isOver { reader.finish() }
        return reader
    }

    private func remove(_ number: UInt64) {
        state.withLock { $0.readers[number] = nil }
    }

    /// Passes on output of a command. Called by one thread at a time, in order.
    package func received(_ bytes: UnsafeRawBufferPointer, from stream: OutputLine.Stream) {
        let (lines, readers) = state.withLock { state -> ([OutputLine], [OutputReader]) in
            state.keep(bytes, from: stream)
            if state.readers.isEmpty { return ([], []) }
            return (state.lines(of: bytes, from: stream), Array(state.readers.values))
        }
        for reader in readers { reader.receive(lines) }
    }

    /// Notes that a command has ended, although another attempt may follow: a line without a line break is now
    /// complete.
    func commandEnded() {
        for stream in [OutputLine.Stream.standardOutput, .standardError]
        where state.withLock({ $0.isInLine[stream] }) {
            [UInt8(ascii: "\n")].withUnsafeBytes { received($0, from: stream) }
        }
    }

    /// Notes that the task has ended.
    package func finish() {
        commandEnded()
        let readers = state.withLock { state in
            state.isFinished = true
            let readers = Array(state.readers.values)
            state.readers = [:]
            return readers
        }
        for reader in readers { reader.finish() }
    }
}

/// The lines for one reader: the newest ones, if it doesn't keep up.
package final class OutputReader: Sendable {
    /// The number of lines that wait for a slow reader before the oldest ones are dropped.
    package static let capacity = 10_000

    package let lines: AsyncStream<OutputLine>
    private let continuation: AsyncStream<OutputLine>.Continuation
    private let missed = Atomic<Int>(0)

    package init() {
        (lines, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(Self.capacity))
    }

    func whenUnused(_ action: @escaping @Sendable () -> Void) { continuation.onTermination = { _ in action() } }

    package func receive(_ lines: [OutputLine]) {
        for line in lines {
            if case .dropped = continuation.yield(line) { missed.add(1, ordering: .relaxed) }
        }
    }

    package func finish() { continuation.finish() }

    /// Returns the number of lines dropped since the last call; all of them came before the next line that is read.
    func takeMissed() -> Int { missed.exchange(0, ordering: .relaxed) }
}
