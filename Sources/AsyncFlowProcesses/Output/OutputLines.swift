/// The output of a task's command, line by line, while it runs. The sequence ends when the task has ended, however it
/// did.
///
/// A reader sees every line of all attempts if it begins before more than 64 KiB have been written, which may be after
/// the end. Later, it sees the lines from then on, beginning with a whole one. A slow reader never delays the command:
/// the newest 10,000 lines wait for it, and ``OutputLine/missedBefore`` gives the number of dropped ones. A line of
/// more than 64 KiB is delivered in parts; see ``OutputLine/isContinued``. A task that isn't an executable one has no
/// lines.
public struct OutputLines: AsyncSequence, Sendable {
    private let reader: OutputReader?
    private let stream: OutputLine.Stream?
    private let problem: EngineError?

    package init(_ reader: OutputReader?, of stream: OutputLine.Stream?, problem: EngineError? = nil) {
        self.reader = reader
        self.stream = stream
        self.problem = problem
    }

    public func makeAsyncIterator() -> Iterator {
        Iterator(reader: reader, lines: reader?.lines.makeAsyncIterator(), stream: stream, problem: problem)
    }

    /// An iterator over the lines. A sequence can be read only once; two readers at the same time need two sequences.
    public struct Iterator: AsyncIteratorProtocol {
        package let reader: OutputReader?
        package var lines: AsyncStream<OutputLine>.Iterator?
        package let stream: OutputLine.Stream?
        package let problem: EngineError?

        /// Returns the next line; nil at the end, and when the reading Swift task is cancelled.
        ///
        /// - Throws: ``EngineError`` if the task's output goes to files, as with ``TaskOption/captureStdio``.
        public mutating func next() async throws -> OutputLine? {
            if let problem { throw problem }
            while var line = await lines?.next() {
                line.missedBefore = reader?.takeMissed() ?? 0
                if stream == nil || stream == line.stream { return line }
            }
            return nil
        }
    }
}
