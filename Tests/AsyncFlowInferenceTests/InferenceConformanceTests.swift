import AsyncFlowTesting
import ScriptedHTTPServer
import Testing

@testable import AsyncFlowInference

@Suite("What an engine expects of a server for prompts", .timeLimit(.minutes(10)))
struct InferenceConformanceTests {
    @Test("prompts are as expected", arguments: BackendCheck.all)
    func conforms(check: BackendCheck) async throws {
        try await ScriptedServer.run { _ in
            .answer(body: #"{"choices":[{"message":{"content":"yes"}}]}"#)
        } _: { server in
            try await check.run(
                on: BackendSubject {
                    try InferenceBackend("model", model: "tiny", baseURL: server.url("/v1/"), apiKey: "sk-test")
                })
        }
    }
}
