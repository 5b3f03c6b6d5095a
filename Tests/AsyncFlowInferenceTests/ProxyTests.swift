import AsyncFlow
import ScriptedHTTPServer
import Testing

@testable import AsyncFlowInference

@Suite("Model servers and proxies", .timeLimit(.minutes(1)))
struct ProxyTests {
    private func ask(_ url: String, _ environment: [String: String]) async throws -> String {
        let backend = try InferenceBackend(
            "model", model: "tiny", baseURL: url, apiKey: "sk-test", settings: InferenceSettings(), retries: 0,
            patience: Exchange.Patience(connect: .seconds(10), idle: .seconds(30), whole: .seconds(60)),
            environment: environment
        ) { _ in }
        return try await withWorkflowEngine(backends: [LocalBackend(), backend], signals: .ignored) { flow in
            try await flow.promptTask("ask") { "Hi" }().value
        }
    }

    @Test("a request takes the proxy that the environment names")
    func proxy() async throws {
        try await ScriptedServer.run({ _ in LooseServerTests.message(#"{"content":"ok"}"#) }) { proxy in
            let answer = try await ask("http://model.invalid/v1", ["http_proxy": proxy.url("")])
            #expect(answer == "ok")
            #expect(proxy.requests.map(\.path) == ["http://model.invalid/v1/chat/completions"])
        }
    }

    @Test("it goes to a server itself that needs none")
    func exempt() async throws {
        try await ScriptedServer.run({ _ in LooseServerTests.message(#"{"content":"ok"}"#) }) { server in
            let environment = ["http_proxy": "http://127.0.0.1:1", "no_proxy": "127.0.0.1"]
            let answer = try await ask(server.url("/v1"), environment)
            #expect(answer == "ok")
            #expect(server.requests.map(\.path) == ["/v1/chat/completions"])
        }
    }
}
