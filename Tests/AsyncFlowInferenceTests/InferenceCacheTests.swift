import AsyncFlow
import Foundation
import ScriptedHTTPServer
import Testing

@testable import AsyncFlowInference

@Suite("Answers kept on disk", .timeLimit(.minutes(1)))
struct InferenceCacheTests {
    private static let key = "sk-secret-0123456789"

    private func ask(
        _ url: String, _ cache: InferenceCache, _ prompt: Prompt, temperature: Double = 0
    ) async throws -> Completion {
        let backend = try InferenceBackend(model: "tiny", baseURL: url, apiKey: Self.key, cache: cache, retries: 0)
        try await backend.start()
        do {
            let completion = try await backend.answer(prompt, settings: InferenceSettings(temperature: temperature))
            await backend.shutdown()
            return completion
        } catch {
            await backend.shutdown()
            throw error
        }
    }

    private func expectYes(
        _ url: String, _ cache: InferenceCache, _ prompt: Prompt, temperature: Double = 0
    ) async throws {
        let completion = try await ask(url, cache, prompt, temperature: temperature)
        #expect(completion.text == "yes")
    }

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "asyncflow-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    @Test("what was recorded is replayed without a server; anything else isn't")
    func replay() async throws {
        try await withFolder { folder in
            try await ScriptedServer.run({ _ in PromptOptionTests.answer("yes") }) { server in
                for _ in 1...2 {
                    try await expectYes(server.url("/v1"), InferenceCache(folder), "really?")
                }
                #expect(server.requests.count == 1)
                try await expectYes(server.url("/v1"), InferenceCache(folder), "really?", temperature: 1)
                #expect(server.requests.count == 2)
            }
            let replay = InferenceCache(folder, mode: .replay)
            let completion = try await ask("http://127.0.0.1:1/v1", replay, "really?")
            #expect(completion.text == "yes" && completion.model == "tiny-2" && completion.attempts == 0)
            #expect(completion.usage == Completion.Usage(inputTokens: 5, outputTokens: 2))
            let error = await #expect(throws: InferenceError.self) {
                try await ask("http://127.0.0.1:1/v1", replay, "surely?")
            }
            #expect(error?.code == .notRecorded && error?.message.contains(".json") == true)
            for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
                let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
                #expect(!text.contains(Self.key))
            }
        }
    }

    @Test("a file that is broken, or of another request, isn't used", arguments: ["", "{}", "other"])
    func broken(content: String) async throws {
        try await withFolder { folder in
            try await ScriptedServer.run({ _ in PromptOptionTests.answer("yes") }) { server in
                _ = try await ask(server.url("/v1"), InferenceCache(folder), "really?")
                let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).first)
                let file = "\(folder)/\(name)"
                let text = try String(contentsOfFile: file, encoding: .utf8)
                let changed = content == "other" ? text.replacing("really?", with: "surely?") : content
                try changed.write(toFile: file, atomically: true, encoding: .utf8)
                try await expectYes(server.url("/v1"), InferenceCache(folder), "really?")
                #expect(server.requests.count == 2)
            }
        }
    }
}
