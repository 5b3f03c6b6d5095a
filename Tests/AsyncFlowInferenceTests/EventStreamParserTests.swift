import Testing

@testable import AsyncFlowInference

@Suite("Streams of server-sent events")
struct EventStreamParserTests {
    static let streams: [(String, [String])] = [
        ("data: a\n\ndata: b\n\n", ["a", "b"]), ("data:a\r\n\r\n", ["a"]), ("data: a\r\rdata: b\r\r", ["a", "b"]),
        (": comment\nevent: x\nid: 1\ndata: a\ndata: b\n\n", ["a\nb"]), ("data\n\n", [""]), ("\n\n\n", []),
        ("data: unfinished\n", []), ("database: x\n\n", []), ("data:  é😀\n\n", [" é😀"]), ("data: a\r\n\n", ["a"]),
        ("data: a\n\rdata: b\n\r", ["a", "b"]), ("\u{FEFF}data: a\n\n", ["a"]), ("\u{FEFF}\u{FEFF}data: a\n\n", []),
        ("data: a\n\n\u{FEFF}data: b\n\n", ["a"]), ("\u{FEFF}: a\n\ndata:\u{FEFF}\n\n", ["\u{FEFF}"]),
        ("data: a\u{0B}b\u{85}c\u{2028}d\n\n", ["a\u{0B}b\u{85}c\u{2028}d"]), ("data:\ndata:\n\n", ["\n"]),
        ("Data: a\n data: b\n\n", []), ("event: x\n\ndata: a\n\n", ["a"]), ("data: a:b\n\n", ["a:b"]),
    ]

    @Test("give their data, wherever the bytes are split", arguments: streams)
    func splits(text: String, expected: [String]) throws {
        let bytes = Array(text.utf8)
        for split in 0...bytes.count {
            var parser = EventStreamParser()
            let events = try parser.receive(bytes[..<split]) + parser.receive(bytes[split...])
            #expect(events.map(\.data) == expected, "split at \(split)")
        }
    }

    @Test("say what an event is")
    func types() throws {
        var parser = EventStreamParser()
        let events = try parser.receive("event: error\ndata: a\n\nevent: b\n\ndata: c\n\nevent\ndata: d\n\n".utf8)
        #expect(events == [.init(type: "error", data: "a"), .init(data: "c"), .init(data: "d")])
    }

    @Test(
        "have a last event also without an empty line behind it",
        arguments: [
            ("data: a", "a"), ("data: a\n", "a"), ("data: a\r", "a"), ("data: a\n\n", nil), ("", nil), (": a", nil),
            ("data: a\n\ndata: b\ndata: c", "b\nc"),
        ])
    func end(text: String, expected: String?) throws {
        var parser = EventStreamParser()
        _ = try parser.receive(text.utf8)
        #expect(parser.end()?.data == expected)
    }

    @Test("have no lines and events without end", arguments: ["data: ", "data: a\n", ": comment "])
    func limit(piece: String) {
        var parser = EventStreamParser(limit: 1000)
        let error = #expect(throws: AnswerTooLarge.self) {
            for _ in 0..<2000 { _ = try parser.receive(piece.utf8) }
        }
        #expect(error == .event)
    }
}
