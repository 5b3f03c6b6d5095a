import AsyncFlow
import Foundation
import ScriptedHTTPServer
import Testing

@testable import AsyncFlowInference

@Suite("Answers read while they come", .timeLimit(.minutes(1)))
struct TextPartTests {
    /// A stream of parts that ends well, breaks off, or hangs.
    private static func stream(_ parts: [String], _ ending: ScriptedServer.Reply.Ending = .close, isWhole: Bool = true)
        -> ScriptedServer.Reply
    {
        var text = "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        for part in parts { text += "data: {\"choices\":[{\"delta\":{\"content\":\"\(part)\"}}]}\n\n" }
        if isWhole { text += "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n" }
        return .raw(text, ending)
    }

    private func run(
        _ reply: @escaping @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply,
        _ body: (WorkflowEngine, ScriptedServer) async throws -> Void
    ) async throws {
        try await ScriptedServer.run(reply) { server in
            let backend = try InferenceBackend(
                "model", model: "tiny", baseURL: server.url("/v1"), apiKey: nil, settings: InferenceSettings(),
                retries: 1,
                patience: Exchange.Patience(connect: .seconds(10), idle: .seconds(30), whole: .seconds(60)),
                environment: [:]
            ) { _ in }
            try await withWorkflowEngine(backends: [LocalBackend(), backend], signals: .ignored) { flow in
                try await body(flow, server)
            }
        }
    }

    @Test("two readers get every part, also of an answer that begins again")
    func parts() async throws {
        try await run({ request in
            request.number == 1 ? Self.stream(["a", "b"], isWhole: false) : Self.stream(["c", "d", "e"])
        }) { flow, _ in
            let go = flow.functionTask("go") { () async throws -> String in "?" }
            let write = flow.promptTask("write", .streamed()) { (text: String) in text }
            let story = write(go())
            let (one, two) = (story.textParts, story.textParts)
            async let first = Array(one)
            let second = await Array(two)
            #expect(await first == second)
            #expect(second.filter { $0.attempt == 2 }.map(\.text).joined() == "cde")
            #expect(second.filter { $0.attempt == 1 }.map(\.text).joined() == "ab")
            let whole = try await story.value
            #expect(whole == "cde")
        }
    }

    @Test("who comes late gets what there is, and the rest as it comes")
    func late() async throws {
        try await run({ _ in Self.stream(["a", "b"], .hang, isWhole: false) }) { flow, _ in
            let (received, arrival) = AsyncStream.makeStream(of: String.self)
            let write = flow.promptTask("write", .streamed { text, _ in arrival.yield(text) }) { "?" }
            let story = write()
            var parts = received.makeAsyncIterator()
            _ = await (parts.next(), parts.next())
            var reader = story.textParts.makeAsyncIterator()
            let first = await reader.next()
            #expect(first == TextPart(text: "ab", attempt: 1))
            story.cancel()
            let end = await reader.next()
            #expect(end == nil)
        }
    }

    @Test("without streaming, and after the end, the answer comes as one part", arguments: [true, false])
    func whole(isLate: Bool) async throws {
        try await run({ _ in PromptOptionTests.answer("yes") }) { flow, _ in
            let ask = flow.promptTask("ask", as: Completion.self) { "?" }()
            if isLate { _ = try await ask.value }
            #expect(await Array(ask.textParts) == [TextPart(text: "yes", attempt: 1)])
        }
    }

    @Test("the parts of a task that fails just end")
    func failed() async throws {
        try await run({ _ in .answer(400, body: "no") }) { flow, _ in
            let ask = flow.promptTask("ask", .streamed()) { "?" }()
            #expect(await Array(ask.textParts) == [])
            #expect(await ask.failure != nil)
        }
    }
}

extension Array {
    fileprivate init<Parts: AsyncSequence>(_ parts: Parts) async
    where Parts.Element == Element, Parts.Failure == Never {
        self = []
        for await part in parts { append(part) }
    }
}
