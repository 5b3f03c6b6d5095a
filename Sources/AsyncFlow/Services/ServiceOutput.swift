/// The output of a service: its end, and its lines as long as a check waits for one.
struct ServiceOutput: Sendable {
    /// The number of bytes that are kept.
    static let limit = 64 << 10
    /// The number of lines that may wait for the check that reads them; beyond that, the oldest are dropped.
    private static let mostWaitingLines = 1 << 16

    private var end = TailBuffer(limit: limit)
    private var line: [UInt8] = []
    private var continuation: AsyncStream<String>.Continuation?
    /// The lines of the running process, for one reader. They end with the process.
    private(set) var lines = AsyncStream<String> { $0.finish() }

    func tail(limit: Int) -> String { OutputText.tail(of: end.bytes, limit: limit) }

    /// Begins the lines of another process.
    mutating func beginLines(wanted: Bool) {
        line = []
        guard wanted else { return }
        let stream = AsyncStream.makeStream(
            of: String.self, bufferingPolicy: .bufferingNewest(Self.mostWaitingLines))
        (lines, continuation) = (stream.stream, stream.continuation)
    }

    /// Ends the lines, because nothing waits for one or there will be none.
    mutating func endLines() {
        if !line.isEmpty { continuation?.yield(OutputText.decoded(line)) }
        continuation?.finish()
        continuation = nil
        line = []
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        end.append(bytes)
        guard let continuation else { return }
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                continuation.yield(OutputText.decoded(line))
                line.removeAll(keepingCapacity: true)
            } else if line.count < Self.limit {  // what is beyond that in a line is left out
                line.append(byte)
            }
        }
    }
}
