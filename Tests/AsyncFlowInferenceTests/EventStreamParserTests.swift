import Testing

@testable import AsyncFlowInference

@Suite("Streams of server-sent events")
struct EventStreamParserTests {
    static let streams: [(String, [String])] = [
        ("data: a\n\ndata: b\n\n", ["a", "b"]), ("data:a\r\n\r\n", ["a"]), ("data: a\r\rdata: b\r\r", ["a", "b"]),
        (": comment\nevent: x\nid: 1\ndata: a\ndata: b\n\n", ["a\nb"]), ("data\n\n", [""]), ("\n\n\n", []),
        ("data: unfinished\n", []), ("database: x\n\n", []), ("data:  é😀\n\n", [" é😀"]),
    ]

    @Test("give their data, wherever the bytes are split", arguments: streams)
    func splits(text: String, expected: [String]) {
        let bytes = Array(text.utf8)
        for split in 0...bytes.count {
            var parser = EventStreamParser()
            let events = parser.receive(bytes[..<split]) + parser.receive(bytes[split...])
            #expect(events == expected, "split at \(split)")
        }
    }
}
