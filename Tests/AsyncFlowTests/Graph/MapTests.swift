import TestSupport
import AsyncFlow
import Testing

@Suite("Futures of futures", .timeLimit(.minutes(1)))
struct MapTests {
    @Test("map makes a future of what the closure returns, named after its origin")
    func map() async throws {
        try await withTestEngine { flow async throws in
            let number = flow.functionTask("number") { 20 }()
            let text = number.map { "\($0 + 1)" }
            #expect(text.name == "number.map")
            #expect(try await text.value == "21")
            #expect(try await text.map(\.count).value == 2)
        }
    }

    @Test("the names in a chain of maps and flatMaps stay short, and say which one it is")
    func chainNames() async throws {
        try await withTestEngine { flow async throws in
            let number = flow.functionTask("number") { 1 }()
            let second = number.map { $0 + 1 }.map { $0 + 1 }
            #expect(second.name == "number.map(2)")
            let add = flow.functionTask("add") { (value: Int) in value + 1 }
            #expect(second.flatMap { add($0) }.name == "number.flatMap(3)")
            var last = number
            for _ in 0..<2_000 { last = last.map { $0 + 1 } }
            #expect(last.name == "number.map(2000)")
            #expect(try await last.value == 2_001)
        }
    }

    @Test("map passes failures on, and fails when its closure throws")
    func mapFailure() async throws {
        try await withTestEngine { flow in
            let fails = flow.functionTask("fails") { () throws -> Int in throw TestError("first") }()
            let error = try #require(await fails.map { $0 + 1 }.error as? DependencyFailureError)
            #expect(error.dependencies.map(\.name) == ["fails"])
            let thrown = flow.functionTask("number") { 1 }().map { _ in throw TestError("second") } as TaskFuture<Int>
            #expect((await thrown.error as? TaskFailedError)?.cause as? TestError == TestError("second"))
        }
    }

    @Test("map is cancelled with its origin, and alone")
    func mapCancelled() async throws {
        try await withTestEngine { flow async throws in
            let gate = Gate()
            let wait = flow.functionTask("wait") { (value: Int) in
                try await gate.wait()
                return value
            }
            let (first, second) = (wait(1), wait(2))
            let (ofFirst, ofSecond) = (first.map { $0 }, second.map { $0 })
            first.cancel()
            #expect(await ofFirst.finalState == .cancelled)
            ofSecond.cancel()
            #expect(ofSecond.state == .cancelled)
            gate.open()
            #expect(try await second.value == 2)
        }
    }

    @Test("flatMap stands for the future that its closure returns")
    func flatMap() async throws {
        try await withTestEngine(workers: 1) { flow async throws in
            let double = flow.functionTask("double") { (value: Int) in
                await Task.yield()
                return value * 2
            }
            let quadruple = double(3).flatMap { double($0) }
            #expect(quadruple.name == "double.flatMap")
            #expect(try await quadruple.value == 12)
        }
    }

    @Test("flatMap fails with its origin, with its closure, and with the inner future")
    func flatMapFailure() async throws {
        try await withTestEngine { flow in
            let check = flow.functionTask("check") { (value: Int) in
                if value < 0 { throw TestError("\(value)") }
                return value
            }
            let origin = check(-1).flatMap { check($0) }
            let inner = check(1).flatMap { check(-$0 - 1) }
            let closure = check(1).flatMap { _ in throw TestError("closure") } as TaskFuture<Int>
            #expect((await origin.error as? any WorkflowError)?.deepestCause as? TestError == TestError("-1"))
            #expect((await inner.error as? any WorkflowError)?.deepestCause as? TestError == TestError("-2"))
            #expect((await closure.error as? any WorkflowError)?.deepestCause as? TestError == TestError("closure"))
        }
    }

    @Test("flatMap is cancelled when its inner future is")
    func flatMapInnerCancelled() async throws {
        try await withTestEngine { flow in
            let endless = flow.functionTask("endless") { () async throws -> Int in
                try await Gate().wait()
                return 0
            }()
            let made = Gate()
            let outer = flow.functionTask("number") { 1 }().flatMap { _ in
                made.open()
                return endless
            }
            try await made.wait()
            endless.cancel()
            #expect(await outer.finalState == .cancelled)
        }
    }

    @Test("map works on an engine whose backends can't run functions")
    func withoutFunctionBackend() async throws {
        try await withTestEngine(backends: [EchoBackend()]) { flow async throws in
            let answer = flow.promptTask("ask") { "hello" }()
            #expect(try await answer.map(\.count).value == 5)
            #expect(try await [answer, answer].all(in: flow).value == ["hello", "hello"])
        }
    }
}

/// Answers every prompt with the prompt.
struct EchoBackend: PromptBackend {
    var name = "echo"
    func complete(_ request: PromptRequest) async throws -> String { request.text }
}
