import AsyncFlow
import Foundation
import NIOConcurrencyHelpers
import ScriptedHTTPServer
import Testing

@testable import AsyncFlowInference

@Suite("Agents", .timeLimit(.minutes(1)))
struct AgentTests {
    private struct Query: Codable, Sendable { var words: String }

    /// An answer that wants tools to be called: names and arguments.
    private static func wants(_ calls: (String, String)...) -> ScriptedServer.Reply {
        let wanted = calls.enumerated().map { index, call in
            Prompt.ToolCall(id: "call-\(index)", name: call.0, arguments: call.1).json
        }
        let choice: JSONValue = .object([
            "finish_reason": "tool_calls", "message": .object(["content": .null, "tool_calls": .array(wanted)]),
        ])
        let body: JSONValue = .object(["choices": .array([choice])])
        return .answer(body: String(decoding: try! JSONEncoder().encode(body), as: UTF8.self))
    }

    private func run(
        _ reply: @escaping @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply,
        _ body: (WorkflowEngine, ScriptedServer) async throws -> Void
    ) async throws {
        try await ScriptedServer.run(reply) { server in
            let backend = try InferenceBackend(model: "tiny", baseURL: server.url("/v1"), apiKey: "", retries: 0)
            try await withWorkflowEngine(backends: [LocalBackend(), backend], signals: .ignored) { flow in
                try await body(flow, server)
            }
        }
    }

    /// What the model was told last, by role.
    private func lastTold(_ server: ScriptedServer) throws -> [String] {
        let body = try JSONDecoder().decode(JSONValue.self, from: Data(server.requests.last!.body.utf8))
        return (body["messages"]?.elements ?? []).map { "\($0["role"]!.text!): \($0["content"]!.text!)" }
    }

    @Test("tools are called as members of the agent, and their results are told to the model")
    func tools() async throws {
        try await run({ request in
            request.number == 1
                ? Self.wants(("search", #"{"words":"a"}"#), ("search", "{}"), ("find", "{}"), ("broken", "{}"))
                : PromptOptionTests.answer("done")
        }) { flow, server in
            let look = flow.functionTask("look") { (words: String) in "found \(words)" }
            let search = try Tool("search", "Finds.", as: Query.self) { try await look($0.words).value }
            let broken = try Tool("broken", "Never works.", as: [String: String].self) { _ in throw Broken() }
            let events = flow.events
            let agent = flow.agent("agent", tools: [search, broken]) { (topic: String) in "What of \(topic)?" }
            #expect(try await agent("a").value == "done")
            #expect(
                try lastTold(server) == [
                    "user: What of a?", "assistant: ", "tool: found a",
                    "tool: Error: the arguments are invalid: 'words' is missing",
                    "tool: Error: there is no tool 'find'; there are: broken, search", "tool: Error: it is broken",
                ])
            await flow.shutdown()
            var members: [String: Int] = [:]
            for await event in events where event.type == .taskCreated {
                guard let task = event.task, task.blockID != nil else { continue }
                members[task.name, default: 0] += 1
            }
            #expect(members == ["agent.step": 2, "search": 2, "broken": 1, "unknown-tool": 1, "look": 1])
        }
    }

    private struct Broken: Error, CustomStringConvertible { let description = "it is broken" }

    @Test("the number of steps is limited")
    func steps() async throws {
        try await run({ _ in Self.wants(("search", #"{"words":"a"}"#)) }) { flow, server in
            let search = try Tool("search", "Finds.", as: Query.self) { _ in "nothing" }
            let future = flow.agent("agent", tools: [search], steps: 3) { "?" }()
            let error = (await future.failure as? TaskFailedError)?.cause as? InferenceError
            #expect(error?.code == .tooManySteps && server.requests.count == 3)
        }
    }

    @Test("a call that isn't approved isn't made")
    func approval() async throws {
        try await run({ request in
            request.number == 1 ? Self.wants(("search", #"{"words":"a"}"#)) : PromptOptionTests.answer("then not")
        }) { flow, server in
            let calls = NIOLockedValueBox(0)
            let search = try Tool("search", "Finds.", as: Query.self) { _ in
                calls.withLockedValue { $0 += 1 }
                return ""
            }
            let agent = flow.agent("agent", tools: [search], approve: { $0.name != "search" }) { "?" }
            #expect(try await agent().value == "then not")
            #expect(calls.withLockedValue { $0 } == 0)
            #expect(try lastTold(server).last == "tool: Error: this call was refused; don't repeat it")
        }
    }

    @Test("cancelling an agent cancels the tool that runs")
    func cancelled() async throws {
        try await run({ _ in Self.wants(("wait", "{}")) }) { flow, _ in
            let (begun, begin) = AsyncStream.makeStream(of: Void.self)
            let wait = try Tool("wait", "Waits.", as: [String: String].self) { _ in
                begin.yield()
                try await Task.sleep(for: .seconds(3600))
                return ""
            }
            let future = flow.agent("agent", tools: [wait]) { "?" }()
            for await _ in begun { break }
            future.cancel()
            _ = await future.result
            #expect(future.state == .cancelled)
        }
    }
}
