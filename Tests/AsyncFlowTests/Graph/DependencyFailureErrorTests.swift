import TestSupport
import AsyncFlow
import Testing

@Suite("What an error says", .timeLimit(.minutes(1)))
struct DependencyFailureErrorTests {
    @Test("a direct dependent names the dependency and its error")
    func direct() async throws {
        try await withTestEngine { flow in
            let load = flow.functionTask("load") { () throws -> Int in throw TestError("no such file") }
            let parse = flow.functionTask("parse") { (value: Int) in value }
            let error = try #require(await parse(load()).error)
            #expect(
                "\(error)" == """
                    parse (task.000002): not run, because its dependency load (task.000001) failed: load (task.000001): \
                    no such file
                    """)
        }
    }

    @Test("a short chain is shown whole, with its root cause")
    func shortChain() async throws {
        try await withTestEngine { flow in
            let load = flow.functionTask("load") { () throws -> Int in throw TestError("no such file") }
            let parse = flow.functionTask("parse") { (value: Int) in value }
            let plot = flow.functionTask("plot") { (value: Int) in value }
            let error = try #require(await plot(parse(load())).error)
            #expect(
                "\(error)" == """
                    plot (task.000003): not run, because its dependency parse (task.000002) failed; \
                    chain: parse ← load; root cause: load (task.000001): no such file
                    """)
        }
    }

    @Test(
        "the middle of a long chain is left out",
        arguments: [
            (6, "l6 ← l5 ← l4 ← l3 ← l2 ← root"),
            (7, "l7 ← l6 ← l5 ← … 2 more … ← l2 ← root"), (100, "l100 ← l99 ← l98 ← … 95 more … ← l2 ← root"),
        ])
    func longChain(length: Int, shown: String) async throws {
        try await withTestEngine { flow in
            var last = flow.functionTask("root") { () throws -> Int in throw TestError("bad") }()
            for number in 2...length { last = flow.functionTask("l\(number)") { (value: Int) in value }(last) }
            let end = flow.functionTask("end") { (value: Int) in value }(last)
            let error = try #require(await end.error as? DependencyFailureError)
            #expect(error.chain.count == length)
            #expect(
                error.message == """
                    not run, because its dependency l\(length) (\(last.id)) failed; chain: \(shown); \
                    root cause: root (task.000001): bad
                    """)
        }
    }

    @Test("several failed dependencies are listed")
    func several() async throws {
        try await withTestEngine { flow in
            let load = flow.functionTask("load") { (name: String) throws -> Int in throw TestError("no \(name)") }
            let (a, b) = (load("a"), load("b"))
            _ = await (a.result, b.result)
            let add = flow.functionTask("add") { (a: Int, b: Int) in a + b }
            let error = try #require(await add(a, b).error as? DependencyFailureError)
            #expect(
                error.message == """
                    not run, because its dependency load (task.000001), load (task.000002) failed: load (task.000001): no a
                    """)
        }
    }

    @Test("an error has a code, a task and a root cause, whatever its type")
    func common() async throws {
        try await withTestEngine { flow in
            let load = flow.functionTask("load") { () throws -> Int in throw TestError("bad") }
            let parse = flow.functionTask("parse") { (value: Int) in value }
            let future = parse(parse(load()))
            let error = try #require(await future.error as? any WorkflowError)
            #expect(error.code == .dependencyFailed)
            #expect(error.code.description == "dependencyFailed")
            #expect(error.taskID == future.id)
            #expect(error.taskName == "parse")
            #expect(error.deepestCause as? TestError == TestError("bad"))
        }
    }

    @Test("a cancelled task says why it was cancelled")
    func cancelled() async throws {
        try await withTestEngine { flow in
            let gate = Gate()
            let wait = flow.functionTask("wait") { try await gate.wait() }
            let next = flow.functionTask("next") { (_: Void) in 1 }
            let after = flow.functionTask("after") { (value: Int) in value }
            let running = wait()
            let pending = next(running)
            let last = after(pending)
            pending.cancel()
            #expect(await "\(pending.error!)" == "next (task.000002): cancelled")
            #expect(
                await "\(last.error!)"
                    == "after (task.000003): cancelled, because its dependency next (task.000002) was")
            gate.open()
        }
    }
}
