import AsyncFlow
import Foundation
import NIOConcurrencyHelpers
import ScriptedHTTPServer
import TestSupport
import Testing

@testable import AsyncFlowInference

/// A server that answers whatever it likes: no crash, no hang, no secret, and a clear error.
///
/// The random part takes ten seconds; the environment variable `ASYNCFLOW_FUZZ_SECONDS` says otherwise. A failure names
/// the seed, with which `ASYNCFLOW_FUZZ_SEED` repeats it.
@Suite("A hostile model server", .serialized, .timeLimit(.minutes(60)))
struct HostileServerTests {
    private typealias Reply = ScriptedServer.Reply
    private static let key = "sk-secret-0123456789-abcdefghijklmnopqrstuvwxyz"

    private struct Point: Codable, Sendable { var x: Int }

    /// What is asked of the server.
    private enum Question: CaseIterable { case text, stream, data, agent, vectors }

    private func run(
        retries: Int, _ reply: @escaping @Sendable (ScriptedServer.Request) -> Reply,
        _ body: (_ ask: (Question) async throws -> Result<String, any Error>) async throws -> Void
    ) async throws {
        try await LooseServerTests.run(
            retries: retries, idle: .milliseconds(150), whole: .milliseconds(500), key: Self.key, reply
        ) { flow, _ in
            let text = flow.promptTask("text") { "Hi" }
            let stream = flow.promptTask("stream", .streamed()) { "Hi" }
            let data = flow.promptTask("data", as: Point.self, repairs: 1, dryRunValue: Point(x: 0)) { "Hi" }
            let add = try Tool("add", "adds", as: Point.self) { "\($0.x)" }
            let agent = flow.agent("agent", .streamed(), tools: [add], steps: 2) { "Hi" }
            let vectors = flow.embeddingTask("vectors") { ["a", "b"] }
            let patience = TimeLimit(.seconds(60))
            try await body { question in
                try await patience.apply {
                    switch question {
                    case .text: await text().result
                    case .stream: await stream().result
                    case .data: await data().result.map { "\($0.x)" }
                    case .agent: await agent().result
                    case .vectors: await vectors().result.map { "\($0.count)" }
                    }
                }
            }
        }
    }

    private func expectClear(
        _ result: Result<String, any Error>, of question: Question, _ comment: @autoclosure () -> String
    ) {
        guard case .failure(let error) = result else { return }
        let text = "\(error)"
        #expect((error as? TaskFailedError)?.rootCause is InferenceError, "\(text) \(comment())")
        // Whole, or cut off where a text was shortened. One that a random change has altered isn't the key any more.
        let cut = (12..<Self.key.count).map { Self.key.prefix($0) }
        let isShown = text.contains(Self.key) || cut.contains { text.contains("\($0)…") || text.hasSuffix($0) }
        #expect(!isShown, "\(text) \(comment())")
        #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }, "\(text) \(comment())")
        #expect((text.contains("tiny") || question == .agent) && text.count < 1500, "\(text) \(comment())")
    }

    // MARK: - What is known to be nasty

    private static let good = [
        #"{"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"{\"x\":1}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#,
        #"{"choices":[{"message":{"content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"add","arguments":"{\"x\":1}"}}]},"finish_reason":"tool_calls"}]}"#,
        #"{"data":[{"index":0,"embedding":[0.5,1]},{"index":1,"embedding":[2e-3,1]}],"usage":{"prompt_tokens":3}}"#,
        #"{"error":{"message":"slowly","type":"rate_limit_error","code":429}}"#,
        #"{"choices":[{"message":{"content":[{"type":"text","text":"<think>a</think>{\"x\":2}"}]},"finish_reason":"length"}]}"#,
    ]
    private static let goodStreams = [
        LooseServerTests.hello + LooseServerTests.stop + LooseServerTests.done,
        LooseServerTests.delta(
            #"{"tool_calls":[{"index":0,"id":"a","function":{"name":"add","arguments":"{\"x\":"}}]}"#)
            + LooseServerTests.delta(#"{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}"#, end: "tool_calls")
            + "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\n"
            + LooseServerTests.done,
        "event: error\ndata: {\"message\":\"overloaded\",\"code\":503}\n\n",
        ": keep-alive\n\n" + LooseServerTests.delta(#"{"content":[{"type":"text","text":"a"}]}"#)
            + LooseServerTests.delta("{}", end: "stop"),
    ]

    private static func stream(_ text: String, _ ending: Reply.Ending = .close) -> Reply {
        .bytes(["HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\n\r\n", text].map { Array($0.utf8) }, ending)
    }

    private static let nasty: [Reply] = [
        .raw("", .close), .raw("\u{0}\u{1}\u{2}", .close), .raw("HTTP/9.9 200\r\n\r\n", .close),
        .raw("HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n", .keep),
        .raw("HTTP/1.1 200 X\r\nContent-Length: -1\r\n\r\n", .close),
        .raw("HTTP/1.1 200 X\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", .close),
        .raw("HTTP/1.1 200 X\r\nContent-Length: 99999999999999999999999\r\n\r\n", .hang),
        .raw("HTTP/1.1 200 X\r\nContent-Length: 9223372036854775807\r\n\r\n{", .hang),
        .raw("HTTP/1.1 500 X\r\nContent-Length: 9223372036854775807\r\n\r\n{", .hang),
        .raw("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{", .hang),
        .raw("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n{\r\n0\r\n\r\n", .close),
        .raw("HTTP/1.1 204 X\r\n\r\n", .keep), .raw("HTTP/1.1 304 X\r\n\r\n", .keep),
        .raw("HTTP/1.1 302 X\r\nLocation: \(String(repeating: "x", count: 9000))\r\nContent-Length: 0\r\n\r\n", .keep),
        .raw("HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", .keep),
        .raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", .hang),
        .bytes([Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)], .endless),
        .bytes([Array("HTTP/1.1 200 X\r\n".utf8), Array("X-More: and more\r\n".utf8)], .endless),
        .bytes([Array("HTTP/1.1 200 \(String(repeating: "X", count: 70_000))".utf8)], .endless),
        .answer(body: String(repeating: "[", count: 1_000_000)),
        .answer(body: String(repeating: "{\"a\":", count: 100_000)),
        .answer(body: "\u{FEFF}\u{FEFF}{}"), .answer(body: "{\"choices\":[{\"message\":{\"content\":\"\\ud800\"}}]}"),
        .answer(503, [("retry-after", "9223372036854775807")], body: "\u{1B}]0;title\u{7}\u{202E}"),
        .answer(body: "{\"error\":{\"message\":\"\\u001b[2J\\u202e\(key)\",\"code\":[[]]}}"),
        .answer(body: "{\"error\":[]}"), .answer(body: "{\"error\":true}"), .answer(body: "{\"choices\":{}}"),
        .answer(body: "{\"choices\":[[]]}"),
        .answer(body: "{\"choices\":[{\"message\":{\"tool_calls\":[null,1,\"a\",{}]}}]}"),
        stream("data: [DONE]\n\n", .hang), stream("data: [DONE]\n\n", .close), stream("[DONE]\n\n", .close),
        stream("data: {\"choices\":[{\"delta\":null}]}\n\n", .close), stream("data: \(key)\n\n", .close),
        stream(LooseServerTests.hello, .endless), stream("data: ", .endless), stream(": ", .endless),
        stream("\n", .endless),
        stream("data: a\n", .endless), stream(LooseServerTests.done, .endless), stream("\r", .endless),
        .bytes([Array("HTTP/1.1 200 X\r\n\r\n".utf8), Array(repeating: UInt8(ascii: "["), count: 1 << 20)], .endless),
        .bytes([Array("HTTP/1.1 500 X\r\n\r\n".utf8), Array(repeating: 0xFF, count: 1 << 20)], .endless),
        .bytes(Array(good[0].utf8).map { [$0] }, pause: .milliseconds(5), .hang),
    ]

    @Test("of answers that are known to be nasty none is more than a clear error", arguments: nasty.indices)
    func known(number: Int) async throws {
        try await run(retries: 0, { _ in Self.nasty[number] }) { ask in
            // As a stream, and as something else, which is another one for each.
            for question in [.stream, Question.allCases[number % Question.allCases.count]] {
                expectClear(try await ask(question), of: question, "reply \(number)")
            }
        }
    }

    // MARK: - What is found at random

    private static let snippets =
        [
            "9223372036854775807", "-9223372036854775808", "1e999", "-0", "NaN", "null", "[]", "{}", "\"\"", "true",
            "\u{0}",
            "\u{FEFF}", "\r", "\n", "\r\n", "\r\n\r\n", "data:", "data: [DONE]", "event: error", ":", "\u{1B}[31m",
            "\u{202E}",
            "\\ud800", "\\u0000", "é😀", "\"tool_calls\":", "\"content\":", "\"index\":", "\"id\":", "\"error\":",
            "\"choices\":",
            "HTTP/1.1 200 X", "Content-Length: 5", "<think>", "</think>", "```", "{\"x\":1}",
            "\"finish_reason\":\"stop\"",
        ].map { Array($0.utf8) } + [
            [0xFF], [0xC3], [0xF0, 0x9F], [0xED, 0xA0, 0x80], Array(repeating: 0x5B, count: 600),
        ]

    private static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let place = generator.number(0..<bytes.count + 1)
        let end = min(bytes.count, place + generator.number(1..<20))
        switch generator.number(0..<8) {
        case 0: bytes.removeSubrange(place..<end)
        case 1: bytes.insert(contentsOf: generator.one(of: snippets), at: place)
        case 2: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 3: bytes.removeSubrange(place...)
        case 4 where place < bytes.count: bytes[place] = UInt8(generator.number(0..<256))
        case 5 where place < bytes.count: bytes.replaceSubrange(place..<end, with: generator.one(of: snippets))
        case 6:
            guard
                let number = bytes.indices.filter({ (0x30...0x39).contains(bytes[$0]) }).randomElement(
                    using: &generator)
            else { return }
            bytes.replaceSubrange(number...number, with: generator.one(of: snippets))
        default:
            for index in bytes.indices where bytes[index] == 0x0A && generator.chance(0.3) { bytes[index] = 0x0D }
        }
    }

    private static func reply(_ generator: inout SeededGenerator) -> Reply {
        let isStream = generator.chance(0.5)
        var body = Array((isStream ? generator.one(of: goodStreams) : generator.one(of: good)).utf8)
        for _ in 0..<generator.number(0..<6) { mutate(&body, &generator) }
        // At the end, so that it is whole.
        if generator.chance(0.3) {
            body.insert(
                contentsOf: generator.one(of: [key, "\"\(key)\"", key + key]).utf8,
                at: generator.number(0..<body.count + 1))
        }
        let status =
            generator.chance(0.7) ? 200 : generator.one(of: [201, 204, 301, 307, 400, 401, 404, 408, 429, 500, 503])
        var head = "HTTP/1.1 \(status) X\r\n"
        head += "Content-Type: \(isStream != generator.chance(0.1) ? "text/event-stream" : "application/json")\r\n"
        if generator.chance(0.2) { head += "Location: http://127.0.0.1:1/\(key)\r\n" }
        if generator.chance(0.2) { head += "Retry-After: \(generator.one(of: ["0", "1e9", "-1", "soon"]))\r\n" }
        var wire: [UInt8] = []
        switch generator.number(0..<4) {
        case 0: break  // ends with the connection
        case 1:
            head += "Transfer-Encoding: chunked\r\n"
            var rest = body[...]
            while !rest.isEmpty {
                let part = rest.prefix(generator.number(1..<64))
                wire += Array("\(String(part.count, radix: 16))\r\n".utf8) + part + Array("\r\n".utf8)
                rest = rest.dropFirst(part.count)
            }
            wire += Array("0\r\n\r\n".utf8)
        default: head += "Content-Length: \(generator.chance(0.9) ? body.count : generator.number(0..<1000))\r\n"
        }
        if wire.isEmpty { wire = body }
        var bytes = Array("\(head)\r\n".utf8)
        if generator.chance(0.1) { mutate(&bytes, &generator) }
        bytes += wire
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        let longest = generator.one(of: [3, 50, 100_000])
        while !rest.isEmpty {
            pieces.append(Array(rest.prefix(generator.number(1..<longest))))
            rest = rest.dropFirst(pieces.last!.count)
        }
        return .bytes(
            pieces, pause: generator.chance(0.1) ? .microseconds(200) : .zero,
            generator.one(of: [.keep, .close, .close, .hang]))
    }

    @Test("so is none of those that random changes make of good ones")
    func random() async throws {
        let seed = TestRun.seed
        print("hostile model server: ASYNCFLOW_FUZZ_SEED=\(seed)")
        let round = NIOLockedValueBox((number: UInt64(0), generator: SeededGenerator(0)))
        let end = ContinuousClock.now + TestRun.fuzzDuration
        var answered = 0
        try await run(retries: 1, { _ in round.withLockedValue { Self.reply(&$0.generator) } }) { ask in
            while ContinuousClock.now < end {
                let number = round.withLockedValue { round in
                    round.number += 1
                    round.generator = SeededGenerator(seed &+ round.number)
                    return round.number
                }
                var chooser = SeededGenerator(~(seed &+ number))
                let question = chooser.one(of: Question.allCases)
                let result = try await ask(question)
                expectClear(result, of: question, "seed \(seed), round \(number)")
                if case .success = result { answered += 1 }
            }
        }
        // Otherwise something else is tested than what is meant.
        let rounds = round.withLockedValue { $0.number }
        #expect(answered > 0 || rounds < 50, "seed \(seed): none of \(rounds) rounds had an answer")
    }
}
