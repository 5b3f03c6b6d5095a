/// What a service writes: the end of it, and line by line as long as somebody waits for a certain line.
struct ServiceOutput: Sendable {
    /// How much is kept, in bytes.
    static let limit = 64 << 10
    /// How many lines may wait for the one who looks at them; of more, the oldest are dropped.
    private static let mostWaitingLines = 1 << 16

    private var end = TailBuffer(limit: limit)
    private var line: [UInt8] = []
    private var continuation: AsyncStream<String>.Continuation?
    /// The lines of the process that runs, for one reader. Ends with the process.
    private(set) var lines = AsyncStream<String> { $0.finish() }

    func tail(limit: Int) -> String { OutputText.tail(of: end.bytes, limit: limit) }

    /// Another process begins.
    mutating func beginLines(wanted: Bool) {
        line = []
        guard wanted else { return }
        let stream = AsyncStream.makeStream(
            of: String.self, bufferingPolicy: .bufferingNewest(Self.mostWaitingLines))
        (lines, continuation) = (stream.stream, stream.continuation)
    }

    /// Nobody waits for a line any more, or there will be none.
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
