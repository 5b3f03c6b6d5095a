import AsyncFlow
import Foundation
import NIOConcurrencyHelpers
import NIOHTTP1
import ScriptedHTTPServer
import Testing

@testable import AsyncFlowInference

@Suite("API keys stay with their servers", .timeLimit(.minutes(1)))
struct SecretTests {
    typealias Reply = ScriptedServer.Reply
    private static let key = "sk-secret-0123456789-abcdefghijklmnopqrstuvwxyz"
    /// A text of so many characters that the key would be cut in two where messages are shortened.
    private static let longText = String(repeating: "x", count: 285) + key

    private func expectNoSecret(in text: String, sourceLocation: SourceLocation = #_sourceLocation) {
        for length in [8, Self.key.count] {
            #expect(!text.contains(Self.key.prefix(length)), "\(text)", sourceLocation: sourceLocation)
        }
    }

    @Test(
        "no part of a key that a server repeats is in an error",
        arguments: [
            .answer(401, body: #"{"error":{"message":"\#(longText)"}}"#), .answer(500, body: longText),
            .answer(body: longText), .answer(body: #"{"choices":[],"more":"\#(longText)"}"#),
            .answer(body: #"{"choices":[{"message":{"content":null,"refusal":"\#(longText)"}}]}"#),
            .answer(200, [("content-type", "text/event-stream")], body: "data: \(longText)\n\n"),
            .answer(302, [("location", "http://127.0.0.1:1/?key=\(key)")]),
        ] as [Reply])
    func quoted(reply: Reply) async throws {
        try await LooseServerTests.run(retries: 0, key: Self.key, { _ in reply }) { flow, _ async throws in
            let error = try await LooseServerTests.error(flow.promptTask("ask", .streamed()) { "Hi" }())
            expectNoSecret(in: "\(error)")
        }
    }

    @Test("an answer of the wrong form is quoted without the key")
    func typed() async throws {
        try await LooseServerTests.run(
            key: Self.key, { _ in LooseServerTests.message(#"{"content":"\#(Self.longText)"}"#) }
        ) { flow, _ async throws in
            let ask = flow.promptTask("ask", as: [Int].self, repairs: 0, dryRunValue: []) { "Hi" }
            expectNoSecret(in: "\(try await LooseServerTests.error(ask()))")
        }
    }

    @Test("events have no key in the names that a server gives, and no long ones")
    func events() async throws {
        let body = #"""
            {"model":"\#(String(repeating: "x", count: 190) + Self.key)","choices":[{"message":{"content":"ok"},
            "finish_reason":"\#(Self.key)\u001b[31m"}]}
            """#
        let events = try await LooseServerTests.run(key: Self.key, { _ in .answer(body: body) }) {
            flow, _ async throws in
            let events = flow.events
            _ = try await flow.promptTask("ask") { "Hi" }().value
            return events
        }
        var shown = ""
        for await event in events { shown += "\(event)\(String(describing: event.custom))" }
        #expect(shown.contains("gen_ai.completed") && shown.contains("[redacted]"))
        expectNoSecret(in: shown)
        #expect(!shown.contains("\u{1B}"))
    }

    @Test("a redirect isn't followed, and the error says where it leads")
    func redirect() async throws {
        try await ScriptedServer.run({ _ in LooseServerTests.message(#"{"content":"stolen"}"#) }) { other in
            for status in [301, 302, 303, 307, 308] {
                let place = other.url("/v1/chat/completions")
                try await LooseServerTests.run(key: Self.key, { _ in .answer(status, [("location", place)]) }) {
                    flow, server async throws in
                    let error = try await LooseServerTests.error(flow.promptTask("ask") { "Hi" }())
                    #expect(error.code == .refused && error.status == status && server.requests.count == 1)
                    #expect(error.message.contains("redirect to \(place)"), "\(error)")
                }
            }
            #expect(other.requests.isEmpty)
        }
    }

    @Test("white space around a key isn't a part of it", arguments: ["sk-test\n", " sk-test\r\n", "\tsk-test "])
    func trimmed(key: String) async throws {
        try await LooseServerTests.run(key: key, { _ in LooseServerTests.message(#"{"content":"ok"}"#) }) {
            flow, server async throws in
            #expect(try await flow.promptTask("ask") { "Hi" }().value == "ok")
            #expect(server.requests[0].headers.first(name: "authorization") == "Bearer sk-test")
        }
    }

    @Test(
        "a key that no header can have is an error at once", arguments: ["sk-\ntest", "sk test", "sk-tést", "sk-\u{0}"])
    func invalid(key: String) throws {
        let error = try #require(throws: InferenceError.self) {
            try InferenceBackend(model: "tiny", baseURL: "http://localhost/v1", apiKey: key)
        }
        #expect(error.code.description == "invalidKey" && error.message.contains("OPENAI_API_KEY"))
        #expect(!error.message.contains("sk"))
    }

    @Test("answers are kept where only their owner can read them, without the key")
    func cache() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "asyncflow-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let answers = folder.appending(path: "of/today").path
        for _ in 1...2 {
            try await LooseServerTests.run(
                key: Self.key, cache: InferenceCache(answers),
                { _ in LooseServerTests.message(#"{"content":"\#(Self.key)"}"#) }
            ) { flow, _ async throws in
                _ = try await flow.promptTask("ask") { "Hi" }().value
            }
        }
        let manager = FileManager.default
        func mode(_ path: String) throws -> Int? {
            try manager.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode(answers) == 0o700)
        let files = try manager.contentsOfDirectory(atPath: answers)
        #expect(files.count == 1)
        for file in files {
            #expect(try mode("\(answers)/\(file)") == 0o600)
            expectNoSecret(in: try String(contentsOfFile: "\(answers)/\(file)", encoding: .utf8))
        }
    }
}
