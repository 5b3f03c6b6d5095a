import AsyncFlow
import Foundation
import NIOConcurrencyHelpers
import ScriptedHTTPServer
import Testing

@testable import AsyncFlowInference

@Suite("Options and results of prompt tasks", .timeLimit(.minutes(1)))
struct PromptOptionTests {
    private struct Point: Codable, Sendable, Equatable { var x: Int }

    static func answer(_ text: String, reason: String = "stop") -> ScriptedServer.Reply {
        let choice: JSONValue = .object([
            "finish_reason": .string(reason), "message": .object(["content": .string(text)]),
        ])
        let body: JSONValue = .object([
            "model": "tiny-2", "choices": .array([choice]),
            "usage": .object(["prompt_tokens": 5, "completion_tokens": 2]),
        ])
        return .answer(body: String(decoding: try! JSONEncoder().encode(body), as: UTF8.self))
    }

    private static func stream(_ parts: [String], isWhole: Bool = true) -> ScriptedServer.Reply {
        var text = "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        for part in parts { text += "data: {\"choices\":[{\"delta\":{\"content\":\"\(part)\"}}]}\n\n" }
        if isWhole { text += "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n" }
        return .raw(text, .close)
    }

    private func run<Result: Sendable>(
        _ reply: @escaping @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply,
        _ body: (WorkflowEngine, ScriptedServer) async throws -> Result
    ) async throws -> Result {
        try await ScriptedServer.run(reply) { server in
            let backend = try InferenceBackend(
                "model", model: "tiny", baseURL: server.url("/v1"), apiKey: nil, settings: InferenceSettings(seed: 1),
                retries: 1,
                patience: Exchange.Patience(connect: .seconds(10), idle: .seconds(30), whole: .seconds(60)),
                environment: [:]
            ) { _ in }
            return try await withWorkflowEngine(backends: [LocalBackend(), backend], signals: .ignored) { flow in
                try await body(flow, server)
            }
        }
    }

    private func sent(_ request: ScriptedServer.Request) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(request.body.utf8))
    }

    @Test("a task's options override those of the backend, and are in the request")
    func options() async throws {
        try await run({ _ in Self.answer("yes") }) { flow, server in
            let ask = flow.promptTask("ask", .temperature(0.5), .model("big"), .maxTokens(3), as: Completion.self) {
                "?"
            }
            let completion = try await ask.with(.seed(2), .system("Be brief."), .field("top_k", 4))().value
            #expect(completion.text == "yes" && completion.model == "tiny-2" && completion.finishReason == .stop)
            #expect(completion.usage == Completion.Usage(inputTokens: 5, outputTokens: 2))
            #expect(completion.latency > .zero && completion.timeToFirstToken == nil && completion.attempts == 1)
            let body = try sent(server.requests[0])
            #expect(body["model"] == "big" && body["seed"] == 2 && body["top_k"] == 4 && body["max_tokens"] == 3)
            #expect(body["messages"]?.elements?.first == .object(["role": "system", "content": "Be brief."]))
        }
    }

    @Test("a prompt may have several messages and images")
    func messages() async throws {
        try await run({ _ in Self.answer("a cell") }) { flow, server in
            let ask = flow.promptTask("look") { (url: String) in
                Prompt("What is it?", images: [.url(url), .data([1, 2], type: "image/png")], system: "Look.")
            }
            #expect(try await ask("http://x/y.png").value == "a cell")
            let content = try sent(server.requests[0])["messages"]?.elements?.last?["content"]?.elements
            #expect(
                content?.map { $0["text"] ?? $0["image_url"]?["url"] } == [
                    "What is it?", "http://x/y.png", "data:image/png;base64,AQI=",
                ])
        }
    }

    @Test("an answer in parts gives them as they come, and begins again when the connection breaks")
    func streaming() async throws {
        try await run({ request in
            request.number == 1 ? Self.stream(["Hel"], isWhole: false) : Self.stream(["Hel", "lo"])
        }) { flow, server in
            let parts = NIOLockedValueBox<[String]>([])
            let ask = flow.promptTask(
                "ask", .streamed { text, attempt in parts.withLockedValue { $0.append("\(attempt)\(text)") } },
                as: Completion.self
            ) { "?" }
            let completion = try await ask().value
            #expect(completion.text == "Hello" && completion.attempts == 2 && completion.timeToFirstToken != nil)
            #expect(parts.withLockedValue { $0 } == ["1Hel", "2Hel", "2lo"])
            #expect(try sent(server.requests[0])["stream"] == true)
        }
    }

    @Test("those who watch see tokens, progress and retries, and no key")
    func events() async throws {
        let flow = try await run({ request in
            request.number == 1 ? .answer(503, body: "") : Self.stream(["a", "b"])
        }) { flow, _ in
            let events = flow.events
            _ = try await flow.promptTask("ask", .streamed(), as: Completion.self) { "?" }().value
            return events
        }
        var names: [String] = []
        var warnings: [String] = []
        var progress: [String] = []
        for await event in flow {
            if let custom = event.custom { names.append(custom.name) }
            if case .string(let text)? = event.custom?.attributes["asyncflow.warning"] { warnings.append(text) }
            if let message = event.progress?.message { progress.append(message) }
        }
        #expect(names == ["gen_ai.retried", "gen_ai.completed"])
        #expect(warnings.count == 1 && warnings[0].contains("asked again") && warnings[0].contains("503"))
        #expect(progress == ["1 parts", "2 parts"])
    }

    @Test("a typed answer has its schema in the request, and is repaired")
    func typed() async throws {
        try await run({ request in
            request.number == 1 ? Self.answer("{}") : Self.answer(#"{"x":7}"#)
        }) { flow, server in
            let point = flow.promptTask("extract", as: Point.self, dryRunValue: Point(x: 0)) { (text: String) in text }
            #expect(try await point("a point").value == Point(x: 7))
            #expect(server.requests.count == 2)
            let format = try sent(server.requests[1])["response_format"]
            #expect(format?["json_schema"]?["schema"]?["required"] == .array(["x"]))
            #expect(try sent(server.requests[1])["messages"]?.elements?.count == 3)
        }
    }

    @Test("a typed answer that the limit of tokens cut short isn't decoded")
    func truncated() async throws {
        try await run({ _ in Self.answer(#"{"x":7}"#, reason: "length") }) { flow, server in
            let future = flow.promptTask("extract", as: Point.self, dryRunValue: Point(x: 0)) { "a point" }()
            let error = (await future.failure as? TaskFailedError)?.cause as? InferenceError
            #expect(error?.code == .truncated && server.requests.count == 1)
        }
    }

    @Test("a request goes on to another server when one fails, without a pause, and then stays away from it")
    func failover() async throws {
        try await ScriptedServer.run({ _ in .answer(503, body: "") }) { broken in
            try await ScriptedServer.run({ _ in Self.answer("yes") }) { working in
                let pauses = NIOLockedValueBox(0)
                let backend = try InferenceBackend(
                    "model", model: "tiny", baseURL: broken.url("/v1"), apiKey: nil, otherURLs: [working.url("/v1")],
                    settings: InferenceSettings(), retries: 3,
                    patience: Exchange.Patience(connect: .seconds(10), idle: .seconds(30), whole: .seconds(60)),
                    environment: [:]
                ) { _ in pauses.withLockedValue { $0 += 1 } }
                try await backend.start()
                let first = try await backend.answer("?", settings: InferenceSettings())
                await backend.shutdown()
                #expect(first.text == "yes" && first.attempts == 2)
                #expect(broken.requests.count == 1 && working.requests.count == 1)
                #expect(pauses.withLockedValue { $0 } == 0)
            }
        }
    }

    @Test("no more prompts are under way than allowed; the others are pending")
    func concurrency() async throws {
        try await ScriptedServer.run({ _ in .raw("", .hang) }) { server in
            let backend = try InferenceBackend(
                model: "tiny", baseURL: server.url("/v1"), limits: InferenceLimits(concurrentRequests: 1))
            try await withWorkflowEngine(backends: [LocalBackend(), backend], signals: .ignored) { flow in
                let ask = flow.promptTask("ask") { "?" }
                let first = ask()
                try await server.waitForRequest()
                let second = ask()
                #expect(first.state == .running && second.state == .pending && server.requests.count == 1)
                first.cancel()
                try await server.waitForRequest()
                #expect(server.requests.count == 2)
                second.cancel()
                _ = await second.result
            }
        }
    }

    @Test(
        "the time of an attempt is limited also while its answer comes",
        arguments: [
            "HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{",
            "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\n\r\ndata: {\"choices\":[]}\n\n",
        ])
    func slow(reply: String) async throws {
        try await ScriptedServer.run({ _ in .raw(reply, .hang) }) { server in
            let backend = try InferenceBackend(
                model: "tiny", baseURL: server.url("/v1"), retries: 0, timeout: .milliseconds(200))
            try await withWorkflowEngine(backends: [LocalBackend(), backend], signals: .ignored) { flow in
                let future = flow.promptTask("ask", .streamed()) { "?" }()
                let error = (await future.failure as? TaskFailedError)?.cause as? InferenceError
                #expect(error?.code == .timedOut)
            }
        }
    }

    @Test("a task with several attempts starts once")
    func starts() async throws {
        let events = try await run({ request in
            request.number == 1 ? .answer(503, body: "") : Self.answer("yes")
        }) { flow, _ in
            let events = flow.events
            _ = try await flow.promptTask("ask") { "?" }().value
            return events
        }
        var types: [EventType] = []
        for await event in events where event.task != nil && event.custom == nil { types.append(event.type) }
        #expect(types == [.taskCreated, .taskResolved, .taskQueued, .taskStarted, .taskCompleted])
    }

    @Test("an empty prompt isn't sent")
    func empty() async throws {
        try await run({ _ in Self.answer("yes") }) { flow, server in
            let future = flow.promptTask("ask", as: Completion.self) { Prompt(" ") }()
            #expect((await future.failure as? TaskFailedError)?.code == .emptyPrompt && server.requests.isEmpty)
        }
    }
}

extension TaskFuture {
    /// Why the task ended without a value.
    var failure: (any Error)? {
        get async {
            guard case .failure(let error) = await result else { return nil }
            return error
        }
    }
}
