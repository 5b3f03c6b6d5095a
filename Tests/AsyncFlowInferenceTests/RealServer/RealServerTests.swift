import AsyncFlow
import Foundation
import NIOConcurrencyHelpers
import Testing

@testable import AsyncFlowInference

@Suite(
    "With llama.cpp's server", .serialized, .timeLimit(.minutes(3)),
    .enabled(if: RealServer.isInstalled, "\(RealServer.need)"))
struct RealServerTests {
    /// The model says nonsense; this keeps it from ending early.
    private static let talkative = JSONValue.object(["257": .number(-100), "258": .number(-100), "262": .number(-100)])

    /// This has it begin with a call of a tool, and end after it.
    private static let eager = JSONValue.object(["263": 100, "258": 200])

    private func run(
        _ arguments: [String] = [], retries: Int = 3,
        _ body: (WorkflowEngine, TaskFuture<ServiceHandle>, RealServer) async throws -> Void
    ) async throws {
        let server = try RealServer()
        let backend = try InferenceBackend(
            "llama", model: "tiny", baseURL: server.baseURL, apiKey: "",
            settings: InferenceSettings(temperature: 0, extraFields: ["logit_bias": Self.talkative]), retries: retries)
        try await withWorkflowEngine(backends: [LocalBackend(), backend], signals: .ignored) { flow in
            try await body(flow, server.task(flow, arguments)(), server)
        }
    }

    @Test("the same prompt has the same answer, and the server counts its tokens")
    func text() async throws {
        try await run { flow, handle, _ in
            let ask = flow.promptTask("ask", .maxTokens(12), as: Completion.self) { (_: ServiceHandle, text: String) in
                text
            }
            let first = try await ask(handle, "What is a workflow?").value
            let second = try await ask(handle, "What is a workflow?").value
            #expect(!first.text.isEmpty && first.text == second.text)
            #expect(first.finishReason == .length)
            #expect(first.usage?.outputTokens == 12 && (first.usage?.inputTokens ?? 0) > 12)
            #expect(!first.model.isEmpty && first.latency > .zero)
            let plain = flow.promptTask("plain", .maxTokens(12)) { (_: ServiceHandle, text: String) in text }
            #expect(try await plain(handle, "What is a workflow?").value == first.text)
        }
    }

    @Test("an answer comes in parts, which together are the one that comes as a whole")
    func stream() async throws {
        try await run { flow, handle, _ in
            let ask = flow.promptTask("ask", .maxTokens(20), as: Completion.self) { (_: ServiceHandle) in "Tell me." }
            let whole = try await ask(handle).value
            let story = ask.with(.streamed())(handle)
            var parts: [TextPart] = []
            for await part in story.textParts { parts.append(part) }
            let streamed = try await story.value
            #expect(parts.count > 1 && parts.allSatisfy { $0.attempt == 1 })
            #expect(parts.map(\.text).joined() == streamed.text && streamed.text == whole.text)
            #expect(streamed.usage == whole.usage && streamed.timeToFirstToken.map { $0 <= streamed.latency } == true)
        }
    }

    private struct Verdict: Codable, Sendable, Equatable {
        enum Kind: String, Codable, CaseIterable, Sendable { case good, bad }
        var kind: Kind
        var isSure: Bool
    }

    @Test("the server keeps to the schema of a type; an answer that is cut short is no value")
    func typed() async throws {
        try await run { flow, handle, _ in
            // A model without sense may write spaces for ever: a schema without room for them.
            let judge = flow.promptTask("judge", .maxTokens(200), as: Verdict.self) { (_: ServiceHandle) in
                "Is it good?"
            }
            let verdict = try await judge(handle).value
            #expect(Verdict.Kind.allCases.contains(verdict.kind))
            let cut = judge.with(.maxTokens(3))(handle)
            let error = (await cut.failure as? TaskFailedError)?.cause as? InferenceError
            #expect(error?.code == .truncated)
        }
    }

    @Test("a model that has to call a tool calls it, as a task of the agent")
    func tool() async throws {
        struct Query: Codable, Sendable { var isDeep: Bool }
        try await run { flow, handle, _ in
            let called = NIOLockedValueBox<[Bool]>([])
            let search = try Tool("search", "Finds.", as: Query.self) { query in
                called.withLockedValue { $0.append(query.isDeep) }
                return "nothing"
            }
            let agent = flow.agent(
                "agent", .maxTokens(300), .field("tool_choice", "required"), .field("parallel_tool_calls", false),
                .field("logit_bias", Self.eager), tools: [search], steps: 3
            ) { (_: ServiceHandle) in "Find it." }
            // As it has to call one each time, it never answers.
            let error = (await agent(handle).failure as? TaskFailedError)?.cause as? InferenceError
            #expect(error?.code == .tooManySteps, "\(error as Any)")
            #expect(called.withLockedValue { $0.count } == 2)
        }
    }

    @Test("a cancelled task frees its slot")
    func cancel() async throws {
        try await run { flow, handle, server in
            let ask = flow.promptTask("ask", .maxTokens(7000), .streamed()) { (_: ServiceHandle) in "Talk." }
            let talk = ask(handle)
            var parts = talk.textParts.makeAsyncIterator()
            _ = await parts.next()
            #expect(try await server.busySlots() == 1)
            talk.cancel()
            while try await server.busySlots() > 0 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(await talk.failure is TaskCancelledError)
        }
    }

    @Test("hundreds of prompts are under way at once, and each has its own answer")
    func many() async throws {
        try await run { flow, handle, _ in
            let ask = flow.promptTask("ask", .maxTokens(2), as: Completion.self) { (_: ServiceHandle, text: String) in
                text
            }
            let answers = try await (0..<200).map { ask(handle, "Number \($0)?") }.values()
            #expect(answers.count == 200 && answers.allSatisfy { $0.usage?.outputTokens == 2 })
        }
    }

    @Test("texts become vectors")
    func embeddings() async throws {
        try await run(["--embeddings", "--pooling", "mean"]) { flow, handle, _ in
            let embed = flow.embeddingTask("embed", .on("llama"), batch: 2) { (_: ServiceHandle, texts: [String]) in
                texts
            }
            let vectors = try await embed(handle, ["one", "two", "one"]).value
            #expect(vectors.count == 3 && vectors.allSatisfy { $0.count == 64 })
            #expect(vectors[0] != vectors[1])
        }
    }

    @Test("what the server says of a wrong request is in the error")
    func refused() async throws {
        try await run { flow, handle, _ in
            let ask = flow.promptTask("ask", .field("messages", "none")) { (_: ServiceHandle) in "?" }
            let error = (await ask(handle).failure as? TaskFailedError)?.cause as? InferenceError
            #expect(error?.code == .refused && error?.status != nil)
            #expect(error?.message.contains("messages") == true, "\(error as Any)")
        }
    }
}
