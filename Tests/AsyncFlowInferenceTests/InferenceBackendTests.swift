import AsyncFlow
import Foundation
import NIOConcurrencyHelpers
import NIOHTTP1
import ScriptedHTTPServer
import Testing

@testable import AsyncFlowInference

@Suite("Prompts to a server", .timeLimit(.minutes(1)))
struct InferenceBackendTests {
    private static let key = "sk-secret-0123456789"
    private static let good = ScriptedServer.Reply.answer(body: #"{"choices":[{"message":{"content":"yes"}}]}"#)

    /// Has one prompt of an engine's task answered; gives its result and the pauses between attempts.
    private func ask(
        _ server: ScriptedServer, settings: InferenceSettings = InferenceSettings(), retries: Int = 2,
        idle: Duration = .seconds(30)
    ) async throws -> (result: Result<String, any Error>, pauses: [Duration], backend: InferenceBackend) {
        let pauses = NIOLockedValueBox<[Duration]>([])
        let backend = try InferenceBackend(
            "model", model: "tiny", baseURL: server.url("/v1/"), apiKey: Self.key, settings: settings, retries: retries,
            patience: Exchange.Patience(connect: .seconds(10), idle: idle, whole: .seconds(60)), environment: [:]
        ) { pause in pauses.withLockedValue { $0.append(pause) } }
        let result = try await withWorkflowEngine(backends: [LocalBackend(), backend], signals: .ignored) { flow in
            await flow.promptTask("ask", .on("model")) { (text: String) in text }("really?").result
        }
        return (result, pauses.withLockedValue { $0 }, backend)
    }

    private func cause(_ result: Result<String, any Error>) throws -> InferenceError {
        guard case .failure(let error) = result else { throw InferenceError(.invalidAnswer, "it didn't fail") }
        let failure = try #require(error as? TaskFailedError)
        #expect(!"\(error)".contains(Self.key))
        return try #require(failure.cause as? InferenceError)
    }

    @Test("the request has the model, messages, settings and key, and the answer's text is the value")
    func request() async throws {
        try await ScriptedServer.run { _ in
            Self.good
        } _: { server in
            let settings = InferenceSettings(
                system: "Be brief.", temperature: 0, topP: 0.5, maxTokens: 7, stop: ["END"], seed: 3,
                extraFields: ["cache_prompt": true, "seed": 4])
            let outcome = try await ask(server, settings: settings)
            #expect(try outcome.result.get() == "yes")
            let request = try #require(server.requests.first)
            #expect(request.path == "/v1/chat/completions")
            #expect(request.headers.first(name: "authorization") == "Bearer \(Self.key)")
            let body = try JSONDecoder().decode(JSONValue.self, from: Data(request.body.utf8))
            let messages: [JSONValue] = [
                .object(["role": "system", "content": "Be brief."]), .object(["role": "user", "content": "really?"]),
            ]
            #expect(
                body
                    == .object([
                        "model": "tiny", "messages": .array(messages), "temperature": .integer(0), "top_p": 0.5,
                        "max_tokens": 7, "stop": .array(["END"]), "seed": 4, "cache_prompt": true,
                    ]))
        }
    }

    @Test("a busy server and a broken connection are tried again, after the pause that the server asks for")
    func again() async throws {
        try await ScriptedServer.run { request in
            switch request.number {
            case 1: .answer(429, [("retry-after-ms", "2500")], body: #"{"error":{"message":"slowly"}}"#)
            case 2: .raw("HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{", .close)
            default: Self.good
            }
        } _: { server in
            let outcome = try await ask(server)
            #expect(try outcome.result.get() == "yes")
            #expect(outcome.pauses.count == 2 && outcome.pauses.first == .milliseconds(2500))
        }
    }

    @Test(
        "what isn't tried again",
        arguments: [
            (401, #"{"error":{"message":"wrong key sk-secret-0123456789","code":null}}"#, WorkflowErrorCode.refused),
            (429, #"{"error":{"message":"pay","code":"insufficient_quota"}}"#, .quotaExceeded),
            (501, "", .refused), (302, "", .refused), (200, #"{"error":{"message":"oh"}}"#, .refused),
            (200, "<html>", .invalidAnswer),
        ])
    func notAgain(status: Int, body: String, code: WorkflowErrorCode) async throws {
        try await ScriptedServer.run { _ in
            .answer(status, body: body)
        } _: { server in
            let outcome = try await ask(server)
            let error = try cause(outcome.result)
            #expect(error.code == code && error.status == status && outcome.pauses.isEmpty)
            #expect(server.requests.count == 1)
            #expect(error.message.hasPrefix("backend 'model' got no answer from tiny at \(server.url("/v1"))"))
        }
    }

    @Test("attempts are limited, and their number is in the error")
    func exhausted() async throws {
        try await ScriptedServer.run { _ in
            .answer(502, body: "<html>Bad Gateway sk-secret-0123456789</html>")
        } _: {
            let outcome = try await ask($0)
            let error = try cause(outcome.result)
            #expect(error.status == 502 && $0.requests.count == 3)
            #expect(error.message.contains("after 3 attempts") && error.message.contains("[redacted]"))
        }
    }

    @Test("a server that says nothing is given up")
    func silent() async throws {
        try await ScriptedServer.run { _ in
            .raw("", .hang)
        } _: { server in
            let outcome = try await ask(server, retries: 0, idle: .milliseconds(50))
            #expect(try cause(outcome.result).code == .timedOut)
        }
    }

    @Test("cancelling the task closes the connection")
    func cancelled() async throws {
        try await ScriptedServer.run { _ in
            .raw("", .hang)
        } _: { server in
            let backend = try InferenceBackend(model: "tiny", baseURL: server.url("/v1"))
            try await withWorkflowEngine(backends: [LocalBackend(), backend], signals: .ignored) { flow in
                let future = flow.promptTask("ask", .on("inference")) { "hello" }()
                try await server.waitForRequest()
                future.cancel()
                _ = await future.result
                #expect(future.state == .cancelled)
                try await server.waitForDeparture()
            }
        }
    }

    @Test("the key isn't shown when the backend is printed")
    func secret() async throws {
        let backend = try InferenceBackend(model: "tiny", baseURL: "http://localhost/v1", apiKey: Self.key)
        var dumped = "\(backend) \(String(reflecting: backend)) \(try Credentials(Self.key))"
        dump(backend, to: &dumped)
        dump(try Credentials(Self.key), to: &dumped)
        #expect(!dumped.contains(Self.key))
    }

    @Test("the environment gives URL and key; an empty key is none")
    func environment() async throws {
        try await ScriptedServer.run { _ in
            Self.good
        } _: { server in
            for key in ["abc", ""] {
                let backend = try InferenceBackend(
                    "model", model: "tiny", baseURL: nil, apiKey: nil, settings: InferenceSettings(), retries: 0,
                    patience: Exchange.Patience(connect: .seconds(10), idle: .seconds(30), whole: .seconds(60)),
                    environment: ["OPENAI_BASE_URL": server.url("/v1"), "OPENAI_API_KEY": key]
                ) { _ in }
                try await backend.start()
                let answer = try await backend.answer("hello", settings: InferenceSettings()).text
                await backend.shutdown()
                #expect(answer == "yes")
            }
            #expect(server.requests.map { $0.headers.first(name: "authorization") } == ["Bearer abc", nil])
        }
    }

    @Test(
        "a base URL that can't be one",
        arguments: ["", "localhost", "ftp://host/v1", "http://me:pw@host/v1", "http://"])
    func invalidURL(url: String) throws {
        let error = try #require(throws: InferenceError.self) { try InferenceBackend(model: "tiny", baseURL: url) }
        #expect(error.code == .invalidURL && !error.message.contains("pw"))
    }

    @Test("a setting that JSON can't write is refused")
    func notFinite() async throws {
        try await ScriptedServer.run { _ in
            Self.good
        } _: { server in
            let outcome = try await ask(server, settings: InferenceSettings(temperature: .nan))
            #expect(try cause(outcome.result).code == .invalidRequest && server.requests.isEmpty)
        }
    }
}
