import AsyncFlow
import Foundation
import NIOConcurrencyHelpers
import ScriptedHTTPServer
import Testing

@testable import AsyncFlowInference

/// Answers that servers in use give although the protocol says otherwise. Each was reported in public by users of some
/// client.
@Suite("Servers that keep to the protocol loosely", .timeLimit(.minutes(2)))
struct LooseServerTests {
    typealias Reply = ScriptedServer.Reply

    struct Summary: Codable, Sendable, Equatable {
        var title: String
        var year: Int?
    }

    struct Pair: Codable, Sendable {
        var a: Int
        var b: Int
    }

    static let done = "data: [DONE]\n\n"
    static let hello = delta(#"{"content":"Hello"}"#)
    static let stop = delta("{}", end: "stop")

    static func delta(_ delta: String, end: String? = nil) -> String {
        let reason = end.map { "\"\($0)\"" } ?? "null"
        return "data: {\"choices\":[{\"index\":0,\"delta\":\(delta),\"finish_reason\":\(reason)}]}\n\n"
    }

    /// A stream whose length the server says, as if it were a file.
    static func stream(_ events: String...) -> Reply {
        .answer(200, [("content-type", "text/event-stream")], body: events.joined())
    }

    /// A stream that ends with the connection, if at all.
    static func open(_ events: String, _ ending: Reply.Ending) -> Reply {
        .raw("HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\n\r\n\(events)", ending)
    }

    static func message(_ message: String) -> Reply {
        .answer(body: #"{"choices":[{"message":\#(message),"finish_reason":"stop"}]}"#)
    }

    static func call(_ arguments: String, _ id: String = #""id":"c","#) -> String {
        #"{\#(id)"type":"function","function":{"name":"add","arguments":\#(arguments)}}"#
    }

    /// Runs an engine with a backend for a server; the pauses between attempts take no time.
    static func run<Result: Sendable>(
        retries: Int = 2, idle: Duration = .seconds(30), whole: Duration = .seconds(60), key: String = "",
        limits: InferenceLimits = InferenceLimits(), cache: InferenceCache? = nil,
        pauses: NIOLockedValueBox<[Duration]> = NIOLockedValueBox([]),
        _ reply: @escaping @Sendable (ScriptedServer.Request) -> Reply,
        _ body: (WorkflowEngine, ScriptedServer) async throws -> Result
    ) async throws -> Result {
        try await ScriptedServer.run(reply) { server in
            let backend = try InferenceBackend(
                "model", model: "tiny", baseURL: server.url("/v1"), apiKey: key, limits: limits, cache: cache,
                settings: InferenceSettings(), retries: retries,
                patience: Exchange.Patience(connect: .seconds(10), idle: idle, whole: whole), environment: [:]
            ) { pause in pauses.withLockedValue { $0.append(pause) } }
            return try await withWorkflowEngine(backends: [LocalBackend(), backend], signals: .ignored) {
                flow async throws in
                try await body(flow, server)
            }
        }
    }

    static func error(_ future: TaskFuture<some Sendable>) async throws -> InferenceError {
        try #require((await future.failure as? TaskFailedError)?.cause as? InferenceError)
    }

    // MARK: - Streams

    @Test(
        "a stream is whole with its finish reason, however it ends and whatever it begins with",
        arguments: [
            stream(hello, stop, "data: [DONE]"), stream(hello, stop), stream("\u{FEFF}", hello, stop, done),
            stream(hello, String(stop.dropLast(2))), stream(hello, stop, "data: {\"cho"),
            stream(delta(#"{"content":[{"type":"text","text":"Hel"},{"type":"text","text":"lo"}]}"#), stop, done),
            stream(delta(#"{"content":[{"type":"thinking","thinking":"Hm."}]}"#), hello, stop, done),
            open(hello + stop, .close), open(hello + stop + done, .hang),
            .answer(200, [("content-type", "text/plain")], body: hello + stop + done),
            .answer(200, [("content-type", "text/event-stream")], body: hello + stop, length: 10_000, .close),
        ])
    func streamed(reply: Reply) async throws {
        try await Self.run(idle: .seconds(4), { _ in reply }) { flow, server async throws in
            #expect(try await flow.promptTask("ask", .streamed()) { "Hi" }().value == "Hello")
            #expect(server.requests.count == 1)
        }
    }

    @Test("a server that streams without being asked to is understood")
    func unasked() async throws {
        try await Self.run({ _ in Self.stream(Self.hello, Self.stop, Self.done) }) { flow, _ async throws in
            #expect(try await flow.promptTask("ask") { "Hi" }().value == "Hello")
        }
    }

    @Test("a stream without a finish reason isn't whole", arguments: ["", done, "data: {\"choices\":[]}\n\n"])
    func cut(end: String) async throws {
        try await Self.run({ $0.number == 1 ? Self.stream(Self.hello, end) : Self.stream(Self.hello, Self.stop) }) {
            flow, server async throws in
            #expect(try await flow.promptTask("ask", .streamed()) { "Hi" }().value == "Hello")
            #expect(server.requests.count == 2)
        }
    }

    @Test("parts of other choices than the first aren't mixed into it")
    func choices() async throws {
        let other = Self.hello.replacing("\"index\":0", with: "\"index\":1")
        try await Self.run({ _ in Self.stream(other, Self.hello, other, Self.stop, Self.done) }) {
            flow, _ async throws in
            #expect(try await flow.promptTask("ask", .streamed()) { "Hi" }().value == "Hello")
        }
    }

    // MARK: - Errors

    @Test(
        "an error with status 200 is tried again by its own code",
        arguments: [
            .answer(body: #"{"error":{"message":"Provider returned error","code":502}}"#),
            .answer(body: #"{"error":{"message":"slowly","code":"rate_limit_exceeded"}}"#),
            .answer(body: #"{"error":{"message":"oh","type":"overloaded_error"}}"#),
            stream("data: {\"error\": {\"message\": \"overloaded\", \"code\": 503}}\n\n", done),
            stream("data: {\"error\": {\"message\": \"overloaded\", \"code\": \"503\"}}\n\n"),
            stream(hello, "event: error\ndata: {\"message\": \"the engine died\"}\n\n"),
            stream("event: error\ndata: overloaded\n\n"), .answer(body: #"{"choices":[]}"#),
            .answer(body: #"{"choices":[{"message":{"content":null}}]}"#),
        ] as [Reply])
    func again(reply: Reply) async throws {
        try await Self.run({ $0.number == 1 ? reply : Self.stream(Self.hello, Self.stop, Self.done) }) {
            flow, server async throws in
            #expect(try await flow.promptTask("ask", .streamed()) { "Hi" }().value == "Hello")
            #expect(server.requests.count == 2)
        }
    }

    @Test(
        "an error with status 200 that trying again doesn't help isn't tried again",
        arguments: [
            (#"{"error":{"message":"too long","code":"context_length_exceeded"}}"#, 400, WorkflowErrorCode.refused),
            (#"{"error":{"message":"who","code":401}}"#, 401, .refused), (#"{"error":"no"}"#, 200, .refused),
            (#"{"error":{"message":"pay","code":"insufficient_quota"}}"#, 200, .quotaExceeded),
        ])
    func final(body: String, status: Int, code: WorkflowErrorCode) async throws {
        for isStream in [false, true] where !isStream || status != 200 {
            let reply = isStream ? Self.stream("data: \(body)\n\n") : Reply.answer(body: body)
            try await Self.run({ _ in reply }) { flow, server async throws in
                let error = try await Self.error(flow.promptTask("ask", .streamed()) { "Hi" }())
                #expect(error.code == code && error.status == status && server.requests.count == 1)
            }
        }
    }

    @Test("empty choices are tried again once, not as often as everything else")
    func empty() async throws {
        try await Self.run(retries: 5, { _ in .answer(body: #"{"choices":[]}"#) }) { flow, server async throws in
            let error = try await Self.error(flow.promptTask("ask") { "Hi" }())
            #expect(error.code == .invalidAnswer && server.requests.count == 2)
        }
    }

    @Test("of an error with a long body the beginning is read; its status counts")
    func longError() async throws {
        try await Self.run({ request in
            request.number == 1
                ? .answer(503, body: "{\"error\":{\"message\":\"oh", length: 100 << 20, .close)
                : Self.message(#"{"content":"ok"}"#)
        }) { flow, server async throws in
            #expect(try await flow.promptTask("ask") { "Hi" }().value == "ok")
            #expect(server.requests.count == 2)
        }
    }

    // MARK: - Calls of tools

    /// The tools' results, as the model is told them.
    private static func told(_ request: ScriptedServer.Request) -> [String] {
        let body = try? JSONDecoder().decode(JSONValue.self, from: Data(request.body.utf8))
        return (body?["messages"]?.elements ?? []).filter { $0["role"] == "tool" }.compactMap { $0["content"]?.text }
    }

    @Test(
        "calls without ids, and with their arguments as an object, are made",
        arguments: [
            #"{"content":null,"tool_calls":[\#(call(#"{"a":1,"b":2}"#))]}"#,
            #"{"content":null,"tool_calls":[\#(call(#""{\"a\":1,\"b\":2}""#, ""))]}"#,
            #"{"content":null,"tool_calls":[\#(call(#"{"a":1,"b":2}"#, #""id":null,"#))]}"#,
        ])
    func calls(wanted: String) async throws {
        try await Self.run({ request in
            let told = Self.told(request)
            return Self.message(told.isEmpty ? wanted : #"{"content":"\#(told.joined(separator: " | "))"}"#)
        }) { flow, server async throws in
            let add = try Tool("add", "adds", as: Pair.self) { "\($0.a + $0.b)" }
            #expect(try await flow.agent("a", tools: [add]) { "Hi" }().value == "3")
            let body = try JSONDecoder().decode(JSONValue.self, from: Data(server.requests[1].body.utf8))
            let messages = try #require(body["messages"]?.elements)
            let id = messages[1]["tool_calls"]?.elements?.first?["id"]?.text
            #expect(id?.isEmpty == false && messages[2]["tool_call_id"]?.text == id)
        }
    }

    @Test("two streamed calls with the same index are two calls")
    func sameIndex() async throws {
        let pieces = [#"{\"a\":1,\"b\":2}"#, #"{\"a\":3,\"b\":4}"#].enumerated().map { number, arguments in
            Self.delta(
                #"{"tool_calls":[{"index":0,"id":"c\#(number)","function":{"name":"add","arguments":"\#(arguments)"}}]}"#
            )
        }
        let wanted = Self.stream(pieces.joined(), Self.delta("{}", end: "tool_calls"), Self.done)
        try await Self.run({ request in
            let told = Self.told(request)
            if told.isEmpty { return wanted }
            return Self.stream(Self.delta(#"{"content":"\#(told.joined(separator: " | "))"}"#), Self.stop)
        }) { flow, _ async throws in
            let add = try Tool("add", "adds", as: Pair.self) { "\($0.a + $0.b)" }
            #expect(try await flow.agent("a", .streamed(), tools: [add]) { "Hi" }().value == "3 | 7")
        }
    }

    // MARK: - Typed answers

    @Test("JSON is found behind what the model thought, and among other words")
    func thoughts() async throws {
        try await Self.run({ _ in Self.message(#"{"content":"<think>{\"draft\": 1}</think>\n{\"title\": \"T\"}"}"#) }) {
            flow, server async throws in
            let ask = flow.promptTask("ask", as: Summary.self, dryRunValue: Summary(title: "")) { "Hi" }
            #expect(try await ask().value == Summary(title: "T") && server.requests.count == 1)
        }
    }

    @Test("a server that keeps strictly to schemas accepts that of a type with optional properties")
    func strict() async throws {
        try await Self.run({ request in
            let body = try? JSONDecoder().decode(JSONValue.self, from: Data(request.body.utf8))
            let format = body?["response_format"]?["json_schema"]
            guard case .object(let properties)? = format?["schema"]?["properties"], format?["strict"] == true,
                Set(properties.keys) == Set((format?["schema"]?["required"]?.elements ?? []).compactMap(\.text))
            else {
                return .answer(
                    400, body: #"{"error":{"message":"'required' has to have every key in properties"}}"#)
            }
            return Self.message(#"{"content":"{\"title\": \"T\", \"year\": null}"}"#)
        }) { flow, _ async throws in
            let ask = flow.promptTask("ask", as: Summary.self, dryRunValue: Summary(title: "")) { "Hi" }
            #expect(try await ask().value == Summary(title: "T"))
        }
    }

    @Test("where there is no JSON, the error says so in one sentence")
    func noJSON() async throws {
        try await Self.run({ _ in Self.message(#"{"content":"I can't."}"#) }) { flow, _ async throws in
            let ask = flow.promptTask("ask", as: Summary.self, repairs: 0, dryRunValue: Summary(title: "")) { "Hi" }
            let error = try await Self.error(ask())
            #expect(error.message.contains("the answer isn't valid JSON. It is: I can't."), "\(error)")
            #expect(!error.message.contains(".."))
        }
    }
}
