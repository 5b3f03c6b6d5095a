import AsyncFlow
import AsyncFlowInference
import Foundation
import Testing

@Suite("Keys and the commands beside prompts")
struct InheritedKeyTests {
    @Test("a command doesn't inherit the key that a backend was given, unless it asks for it")
    func withheld() async throws {
        let key = "sk-\(UUID())"
        let variable = "ASYNCFLOW_TEST_KEY_\(UUID().uuidString.prefix(8))"
        setenv(variable, "Bearer \(key)", 1)
        defer { unsetenv(variable) }
        let model = try InferenceBackend("keys", model: "m", baseURL: "http://127.0.0.1:9/v1", apiKey: key)
        try await withWorkflowEngine(backends: [LocalBackend(), model]) { flow async throws in
            let withheld = flow.executableTask("withheld") { Command.shell("env") }
            let inherited = flow.executableTask("inherited") { Command.shell("env").inheritingSecrets() }
            let without = try await withheld().value
            #expect(!without.contains(key))
            let with = try await inherited().value
            #expect(with.contains("\(variable)=Bearer \(key)"))
        }
    }
}
