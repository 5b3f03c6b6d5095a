import AsyncFlow
import Foundation
import NIOConcurrencyHelpers
import ScriptedHTTPServer
import Testing

@testable import AsyncFlowInference

@Suite("How often a prompt is sent", .timeLimit(.minutes(1)))
struct RetryCountTests {
    private typealias Loose = LooseServerTests
    private static let busy = ScriptedServer.Reply.answer(503, body: "")

    @Test(
        "without .retry the backend's retries count; with it, they alone",
        arguments: [(nil, 3), (0, 1), (1, 2), (4, 5)] as [(Int?, Int)])
    func counted(retries: Int?, requests: Int) async throws {
        try await Loose.run(retries: 2, { _ in Self.busy }) { flow, server async throws in
            var ask = flow.promptTask("ask") { "Hi" }
            if let retries { ask = ask.with(.retry(retries)) }
            let error = try await Loose.error(ask())
            #expect(error.code == .refused && error.status == 503)
            #expect(server.requests.count == requests)
        }
    }

    @Test("so it is with texts to be turned into vectors, and with typed answers")
    func others() async throws {
        try await Loose.run({ _ in Self.busy }) { flow, server async throws in
            _ = await flow.embeddingTask("embed", .retry(1)) { ["a"] }().result
            #expect(server.requests.count == 2)
            _ = await flow.promptTask("ask", .retry(0), as: [Int].self, dryRunValue: []) { "Hi" }().result
            #expect(server.requests.count == 3)
        }
    }

    @Test("an attempt of the task waits as long as the server asked for, or needs to recover")
    func pauses() async throws {
        let pauses = NIOLockedValueBox<[Duration]>([])
        try await Loose.run(
            pauses: pauses,
            { request in
                request.number == 1
                    ? .answer(429, [("retry-after", "20")], body: "") : Loose.message(#"{"content":"ok"}"#)
            }
        ) { flow, _ async throws in
            #expect(try await flow.promptTask("ask", .retry(1)) { "Hi" }().value == "ok")
        }
        let pause = try #require(pauses.withLockedValue { $0 }.first)
        #expect(pause > .seconds(5) && pause <= .seconds(20))
    }

    @Test("the classes of .retry(on:) cover what servers do")
    func classes() async throws {
        try await Loose.run(retries: 5, idle: .milliseconds(50), { _ in .raw("", .hang) }) {
            flow, server async throws in
            let ask = flow.promptTask("ask", .retry(2, on: .timedOut)) { "Hi" }
            #expect(try await Loose.error(ask()).code == .timedOut)
            #expect(server.requests.count == 3)
        }
        try await Loose.run({ _ in Self.busy }) { flow, server async throws in
            _ = await flow.promptTask("ask", .retry(2, on: .timedOut)) { "Hi" }().result
            #expect(server.requests.count == 1)
            _ = await flow.promptTask("ask", .retry(2, on: .backendUnavailable)) { "Hi" }().result
            #expect(server.requests.count == 4)
        }
    }

    @Test("many requests that fail together rest a server no longer than one")
    func together() {
        var pool = EndpointPool(count: 1)
        for _ in 0..<50 { _ = pool.choose(now: 0, avoiding: []) }
        for _ in 0..<50 { pool.failed(0, now: 0.5) }
        #expect(pool.rest(now: 0.5) == 1)
        _ = pool.choose(now: 2, avoiding: [])
        pool.failed(0, now: 2)
        #expect(pool.rest(now: 2) == 2)
        _ = pool.choose(now: 5, avoiding: [])
        pool.failed(0, now: 5, asked: 1e300)
        #expect(pool.rest(now: 5) == EndpointPool.longestRest)
    }
}

@Suite("Numbers that come from servers", .timeLimit(.minutes(1)))
struct HostileNumberTests {
    private typealias Loose = LooseServerTests
    private static let numbers = [
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e308", "-1", "1.5", "\"7\"", "null",
        "18446744073709551616", "[1]",
    ]

    @Test("numbers of tokens that can't be true don't count, and end nothing", arguments: numbers)
    func usage(number: String) async throws {
        let usage = #"{"prompt_tokens":\#(number),"completion_tokens":\#(number),"total_tokens":\#(number)}"#
        let body =
            #"{"choices":[{"index":\#(number),"message":{"content":"ok"},"finish_reason":"stop"}],"usage":\#(usage)}"#
        let limits = InferenceLimits(tokensPerMinute: .max, totalTokens: .max)
        try await Loose.run(
            limits: limits,
            { request in
                if request.path.hasSuffix("embeddings") {
                    return .answer(body: #"{"data":[{"index":0,"embedding":[1]}],"usage":\#(usage)}"#)
                }
                return request.body.contains("\"stream\"")
                    ? Loose.stream(Loose.hello, Loose.stop, "data: {\"choices\":[],\"usage\":\(usage)}\n\n", Loose.done)
                    : .answer(body: body)
            }
        ) { flow, _ async throws in
            for _ in 1...3 {
                let answer = try await flow.promptTask("ask", as: Completion.self) { "Hi" }().value
                #expect(answer.text == "ok" && answer.usage == nil)
                #expect(try await flow.promptTask("ask", .streamed()) { "Hi" }().value == "Hello")
                if !number.hasPrefix("\""), !number.hasPrefix("["), number != "18446744073709551616" {
                    #expect(try await flow.embeddingTask("embed") { ["a"] }().value == [[1]])
                }
            }
        }
    }

    @Test("indexes that can't be true are no answer", arguments: numbers.filter { $0 != "null" })
    func indexes(number: String) async throws {
        try await Loose.run({ _ in .answer(body: #"{"data":[{"index":\#(number),"embedding":[1]}]}"#) }) {
            flow, _ async throws in
            let error = try await Loose.error(flow.embeddingTask("embed") { ["a"] }())
            #expect(error.code == .invalidAnswer)
        }
    }

    @Test(
        "the wait that a server asks for is limited",
        arguments: ["9223372036854775807", "1e400", "-1", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
    func retryAfter(value: String) async throws {
        for name in ["retry-after", "retry-after-ms"] {
            let pauses = NIOLockedValueBox<[Duration]>([])
            try await Loose.run(
                pauses: pauses,
                { request in
                    request.number == 1 ? .answer(429, [(name, value)], body: "") : Loose.message(#"{"content":"ok"}"#)
                }
            ) { flow, _ async throws in
                #expect(try await flow.promptTask("ask") { "Hi" }().value == "ok")
            }
            #expect(pauses.withLockedValue { $0.allSatisfy { $0 >= .zero && $0 <= .seconds(60) } })
        }
    }

    @Test("sizes that can't be true are a clear error", arguments: ["9223372036854775807", "68719476736"])
    func length(value: String) async throws {
        let reply = ScriptedServer.Reply.raw("HTTP/1.1 200 X\r\nContent-Length: \(value)\r\n\r\n{", .hang)
        try await Loose.run(retries: 0, idle: .seconds(20), { _ in reply }) { flow, _ async throws in
            let error = try await Loose.error(flow.promptTask("ask") { "Hi" }())
            #expect(error.code == .invalidAnswer && error.message.contains("longer than 64 MiB"), "\(error)")
        }
    }

    @Test("so are a user's own: limits, batches and times without end")
    func own() async throws {
        try await ScriptedServer.run({ request in
            request.path.hasSuffix("embeddings")
                ? .answer(body: #"{"data":[{"embedding":[1]},{"embedding":[2]}]}"#)
                : Loose.message(#"{"content":"ok"}"#)
        }) { server in
            for time in [Duration.seconds(Int64.max), .seconds(Int64.min)] {
                let backend = try InferenceBackend(
                    model: "tiny", baseURL: server.url("/v1"), apiKey: "",
                    limits: InferenceLimits(tokensPerMinute: .max, totalTokens: .max), retries: .max,
                    connectTimeout: .seconds(Int64.max), idleTimeout: .seconds(Int64.max),
                    timeout: time > .zero ? time : .seconds(60))
                try await withWorkflowEngine(backends: [LocalBackend(), backend], signals: .ignored) {
                    flow async throws in
                    let ask = flow.promptTask("ask", .maxTokens(.max)) { "Hi" }
                    #expect(try await [ask(), ask()].values() == ["ok", "ok"])
                    let embed = flow.embeddingTask("embed", batch: .max) { ["a", "b"] }
                    #expect(try await embed().value == [[1], [2]])
                }
            }
        }
        let sum = Completion.Usage(inputTokens: .max, outputTokens: 1)
        #expect(sum.totalTokens == .max)
    }
}

@Suite("Budgets of tokens", .timeLimit(.minutes(1)))
struct BudgetTests {
    private typealias Loose = LooseServerTests
    private static let answer = ScriptedServer.Reply.answer(
        body: #"""
            {"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}],
            "usage":{"prompt_tokens":10,"completion_tokens":590}}
            """#)

    @Test("a budget isn't overrun by answers that nothing limits, however many are asked for at once")
    func total() async throws {
        try await Loose.run(limits: InferenceLimits(totalTokens: 1500), { _ in Self.answer }) {
            flow, server async throws in
            let ask = flow.promptTask("ask") { (number: Int) in "Hi \(number)" }
            let futures = (0..<10).map { ask($0) }
            var refused = 0
            for future in futures {
                guard let error = (await future.failure as? TaskFailedError)?.cause as? InferenceError else { continue }
                #expect(error.code == .budgetExhausted)
                refused += 1
            }
            #expect(server.requests.count == 2 && refused == 8)
        }
    }

    @Test("a budget that is smaller than the first expectation still lets a prompt through")
    func small() async throws {
        try await Loose.run(limits: InferenceLimits(totalTokens: 100), { _ in Loose.message(#"{"content":"ok"}"#) }) {
            flow, _ async throws in
            #expect(try await flow.promptTask("ask") { "Hi" }().value == "ok")
            // The server doesn't count: an answer of two bytes is about no token.
            #expect(try await flow.promptTask("ask") { "Hi" }().value == "ok")
        }
    }
}
