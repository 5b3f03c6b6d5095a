import AsyncFlow
import Foundation
import NIOConcurrencyHelpers
import ScriptedHTTPServer
import Testing

@testable import AsyncFlowInference

@Suite("Texts turned into vectors", .timeLimit(.minutes(1)))
struct EmbeddingTests {
    private func run(
        _ reply: @escaping @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply,
        _ body: (WorkflowEngine, ScriptedServer) async throws -> Void
    ) async throws {
        try await ScriptedServer.run(reply) { server in
            let backend = try InferenceBackend(
                "model", model: "tiny", baseURL: server.url("/v1"), apiKey: "", retries: 1)
            try await withWorkflowEngine(backends: [LocalBackend(), backend], signals: .ignored) { flow in
                try await body(flow, server)
            }
        }
    }

    private static func texts(of request: ScriptedServer.Request) -> [String] {
        let body = try? JSONDecoder().decode(JSONValue.self, from: Data(request.body.utf8))
        return body?["input"]?.elements?.compactMap(\.text) ?? []
    }

    @Test("each text gets its vector, in batches, whatever the order in the answer")
    func batches() async throws {
        try await run({ request in
            let entries = Self.texts(of: request).enumerated().map { index, text in
                #"{"index":\#(index),"embedding":[\#(text.count),0.5]}"#
            }
            return .answer(
                body: #"{"data":[\#(entries.reversed().joined(separator: ","))],"usage":{"prompt_tokens":3}}"#)
        }) { flow, server in
            let embed = flow.embeddingTask("embed", .model("e5"), .field("dimensions", 2), batch: 2) {
                (words: [String]) in
                words
            }
            let vectors = try await embed(["a", "bbb", "cc", "", "ddddd"]).value
            #expect(vectors == [[1, 0.5], [3, 0.5], [2, 0.5], [0, 0.5], [5, 0.5]])
            #expect(server.requests.map { Self.texts(of: $0).count } == [2, 2, 1])
            #expect(server.requests.allSatisfy { $0.path == "/v1/embeddings" })
            let first = try JSONDecoder().decode(JSONValue.self, from: Data(server.requests[0].body.utf8))
            #expect(first["model"] == "e5" && first["dimensions"] == 2 && first["encoding_format"] == "float")
            #expect(try await embed([String]()).value == [])
            #expect(server.requests.count == 3)
        }
    }

    @Test(
        "what isn't one vector for each text is no answer",
        arguments: [
            (#"{"data":[{"embedding":[1]}]}"#, "1 embeddings for 2 texts"),
            (#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}"#, "index 0 twice"),
            (#"{"data":[{"index":0,"embedding":[1]},{"index":7,"embedding":[1]}]}"#, "index 7"),
            (#"{"data":[{"embedding":[1]},{"embedding":[1,2]}]}"#, "different lengths"),
            (#"{"data":[{"embedding":[]},{"embedding":[]}]}"#, "empty"),
            (#"{"data":[{"embedding":[null]},{"embedding":[1]}]}"#, "no embeddings"),
            ("[]", "no embeddings"), ("<html>", "no embeddings"),
        ])
    func wrong(body: String, why: String) async throws {
        try await run({ _ in .answer(body: body) }) { flow, _ in
            let future = flow.embeddingTask("embed") { ["a", "b"] }()
            let error = (await future.failure as? TaskFailedError)?.cause as? InferenceError
            #expect(error?.code == .invalidAnswer && error?.message.contains(why) == true, "\(error as Any)")
        }
    }

    @Test("an error object is told, and an overloaded server is asked again")
    func errors() async throws {
        try await run({ request in
            request.number == 1
                ? .answer(503, [("retry-after-ms", "1")], body: "")
                : .answer(400, body: #"{"error":{"message":"too long"}}"#)
        }) { flow, server in
            let future = flow.embeddingTask("embed") { ["a"] }()
            let error = (await future.failure as? TaskFailedError)?.cause as? InferenceError
            #expect(error?.code == .refused && error?.message.contains("too long") == true)
            #expect(server.requests.count == 2)
        }
    }

    @Test("a dry run asks no server")
    func dryRun() async throws {
        try await run({ _ in .answer(500, body: "") }) { _, server in
            let backend = try InferenceBackend("model", model: "tiny", baseURL: server.url("/v1"), apiKey: "")
            try await withWorkflowEngine(.init(dryRun: true), backends: [backend], signals: .ignored) {
                flow async throws in
                let embed = flow.embeddingTask("embed", dryRunValue: [[0]]) { ["a", "b"] }
                #expect(try await embed().value == [[0]])
                #expect(flow.dryRunReport.description.contains("2 texts"))
            }
            #expect(server.requests.isEmpty)
        }
    }
}
