import AsyncFlow
import AsyncFlowInference
import Foundation
import TestSupport
import Testing

private enum LiteLLM {
    static let program =
        (ProcessInfo.processInfo.environment["ASYNCFLOW_LITELLM"]
            ?? FileManager.default.homeDirectoryForCurrentUser.path + "/.cache/asyncflow/litellm") + "/bin/litellm"
    static var isInstalled: Bool { !TestRun.isQuick && FileManager.default.isExecutableFile(atPath: program) }
}

/// A proxy whose answers, good and bad, are its own: `scripts/install-tools litellm` installs it, 0.7 GB.
@Suite(
    "With litellm's proxy", .serialized, .timeLimit(.minutes(3)),
    .enabled(if: LiteLLM.isInstalled, "needs litellm: scripts/install-tools litellm"))
struct LiteLLMTests {
    private static let key = "sk-asyncflow-0123456789abcdef0123456789"

    /// Its models: one that answers, and others that fail as those of providers do.
    private static let configuration =
        """
        model_list:
        - {model_name: good, litellm_params: {model: openai/good, api_key: none, mock_response: It is mocked.}}
        - {model_name: limited, litellm_params: {model: openai/a, api_key: none, mock_response: litellm.RateLimitError}}
        - {model_name: broken, litellm_params: {model: openai/b, api_key: none, mock_response: litellm.InternalServerError}}
        general_settings: {master_key: \(key)}
        litellm_settings: {num_retries: 0}
        """

    /// Runs the proxy as a service of the workflow, and `body` with a backend for it.
    private func run(_ body: (WorkflowEngine, TaskFuture<ServiceHandle>) async throws -> Void) async throws {
        let port = try ServicePort.free()
        let file = FileManager.default.temporaryDirectory.appending(path: "asyncflow-litellm-\(UUID()).yaml")
        try Self.configuration.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let backend = try InferenceBackend(
            "proxy", model: "good", baseURL: "http://127.0.0.1:\(port)/v1", apiKey: Self.key, retries: 1)
        try await withWorkflowEngine(backends: [LocalBackend(), backend], signals: .ignored) { flow in
            let proxy = flow.serviceTask(
                "litellm", ready: .http("http://127.0.0.1:\(port)/health/liveliness"), startupTimeout: .seconds(120)
            ) {
                Command(
                    LiteLLM.program,
                    arguments: ["--config", file.path, "--host", "127.0.0.1", "--port", "\(port)"])
            }
            try await body(flow, proxy())
        }
    }

    @Test("answers come as a whole and in parts, with their tokens; errors are those of the provider, after retries")
    func answers() async throws {
        try await run { flow, proxy async throws in
            let ask = flow.promptTask("ask", as: Completion.self) { (_: ServiceHandle) in "Is it?" }
            let whole = try await ask(proxy).value
            #expect(whole.text == "It is mocked." && whole.finishReason == .stop && whole.model == "good")
            #expect((whole.usage?.totalTokens ?? 0) > 0)

            let future = ask.with(.streamed())(proxy)
            var parts: [TextPart] = []
            for await part in future.textParts { parts.append(part) }
            let streamed = try await future.value
            #expect(parts.map(\.text).joined() == "It is mocked." && streamed.text == whole.text)
            #expect(streamed.usage != nil)

            let limited = await ask.with(.model("limited"))(proxy).failure as? TaskFailedError
            let refusal = try #require(limited?.cause as? InferenceError)
            #expect(refusal.status == 429 && refusal.message.contains("mock rate limit error"))
            #expect(refusal.message.contains("after 2 attempts") && refusal.message.contains("no answer from limited"))
            let broken = await ask.with(.model("broken"))(proxy).failure as? TaskFailedError
            #expect((broken?.cause as? InferenceError)?.status == 500)
            let unknown = await ask.with(.model("unknown"))(proxy).failure as? TaskFailedError
            let wrong = try #require(unknown?.cause as? InferenceError)
            #expect(wrong.status == 400 && wrong.message.contains("Invalid model name"))
            #expect(!"\(refusal) \(wrong)".contains(Self.key))
        }
    }
}
