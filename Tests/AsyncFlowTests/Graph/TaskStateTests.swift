import TestSupport
import AsyncFlow
import Testing

@Suite("States of a future", .timeLimit(.minutes(1)))
struct TaskStateTests {
    @Test("a task is pending until its dependencies have ended, running while its body runs, then done")
    func lifeOfATask() async throws {
        try await withTestEngine { flow in
            let (first, second, started) = (Gate(), Gate(), Gate())
            let source = flow.functionTask("source") {
                try await first.wait()
                return 1
            }
            let body = flow.functionTask("body") { (value: Int) in
                started.open()
                try await second.wait()
                return value + 1
            }
            let input = source()
            let future = body(input)
            #expect(future.state == .pending)
            #expect(future.currentResult == nil)
            first.open()
            try await started.wait()
            #expect(input.state == .done)
            #expect(future.state == .running)
            second.open()
            #expect(try await future.value == 2)
            #expect(future.state == .done)
            #expect(try future.currentResult?.get() == 2)
        }
    }

    @Test("a synchronous task is running while its body runs")
    func synchronousBody() async throws {
        try await withTestEngine { flow in
            let (started, gate) = (Gate(), Gate())
            let future = flow.functionTask("body") {
                started.open()
                gate.block()
            }()
            try await started.wait()
            #expect(future.state == .running)
            gate.open()
            try await future.value
            #expect(future.state == .done)
        }
    }

    @Test("a task whose body throws is failed", arguments: [false, true])
    func failed(isAsync: Bool) async throws {
        try await withTestEngine { flow in
            let task =
                isAsync
                ? flow.functionTask("fails") { () async throws -> Int in
                    await Task.yield()
                    throw TestError()
                }
                : flow.functionTask("fails") { () throws -> Int in throw TestError() }
            let future = task()
            #expect(await future.finalState == .failed)
            #expect(throws: TaskFailedError.self) { try future.currentResult?.get() }
        }
    }

    @Test("a body that throws a cancellation error is cancelled, not failed")
    func cancellationThrown() async throws {
        try await withTestEngine { flow in
            let future = flow.functionTask("gives up") { () throws -> Int in throw CancellationError() }()
            let error = await future.error as? TaskCancelledError
            #expect(future.state == .cancelled)
            #expect(error?.cause is CancellationError)
        }
    }

    @Test("a terminal state stays, whatever is asked of the future later")
    func terminalStays() async throws {
        try await withTestEngine { flow async throws in
            let done = flow.functionTask("done") { 1 }()
            let failed = flow.functionTask("failed") { () throws -> Int in throw TestError() }()
            #expect(await [done.finalState, failed.finalState] == [.done, .failed])
            #expect(!done.cancel())
            #expect(!failed.cancel())
            #expect([done.state, failed.state] == [.done, .failed])
            #expect(try await done.value == 1)
        }
    }

    @Test("a future describes itself with name, id and state")
    func description() async throws {
        try await withTestEngine { flow in
            let future = flow.functionTask("align") { 1 }()
            _ = try await future.value
            #expect(future.description == "align (task.000001, done)")
            #expect(future.id.number == 1)
            #expect(future.kind == .function)
            #expect(future.name == "align")
        }
    }

    @Test("task ids count up within an engine, and differ between engines")
    func ids() async throws {
        let first = try await withTestEngine { flow in
            let task = flow.functionTask("task") { 0 }
            let futures = (0..<1000).map { _ in task() }
            #expect(futures.map(\.id.number) == Array(1...1000))
            return futures[0].id
        }
        let second = try await withTestEngine { flow in flow.functionTask("task") { 0 }().id }
        #expect(first.description == second.description)
        #expect(first != second)
    }

    @Test("futures are equal when they stand for the same call, not when their values are equal")
    func identity() async throws {
        try await withTestEngine { flow in
            let task = flow.functionTask("task") { 1 }
            let (a, b) = (task(), task())
            #expect(a == a)
            #expect(a != b)
            #expect(Set([a, b, a]).count == 2)
        }
    }
}
