import TestSupport
@testable import AsyncFlowBase
import Testing

@testable import AsyncFlow
@testable import AsyncFlowPolicies

@Suite("Cancellation", .timeLimit(.minutes(1)))
struct CancellationTests {
    @Test("a pending task that is cancelled ends at once and never runs")
    func pending() async throws {
        try await withTestEngine { flow in
            let (gate, ran) = (Gate(), Gate())
            let wait = flow.functionTask("wait") { try await gate.wait() }()
            let next = flow.functionTask("next") { (_: Void) in ran.open() }(wait)
            #expect(next.cancel())
            #expect(next.state == .cancelled)
            #expect(await next.error is TaskCancelledError)
            gate.open()
            try await wait.value
            await flow.waitUntilIdle()
            #expect(!ran.isOpen)
        }
    }

    @Test("a running async task that is cancelled is interrupted, and is cancelled when it has really stopped")
    func runningAsync() async throws {
        try await withTestEngine { flow in
            let (started, interrupted, cleanUp) = (Gate(), Gate(), Gate())
            let future = flow.functionTask("body") {
                started.open()
                do {
                    try await Gate().wait()
                } catch {
                    interrupted.open()
                    await cleanUp.waitStubbornly()
                    throw error
                }
            }()
            try await started.wait()
            #expect(future.cancel())
            try await interrupted.wait()
            #expect(future.state == .running)
            cleanUp.open()
            #expect(await future.finalState == .cancelled)
        }
    }

    @Test("a running synchronous body sees that it is cancelled")
    func runningSynchronous() async throws {
        try await withTestEngine { flow in
            let (started, gate) = (Gate(), Gate())
            let future = flow.functionTask("body") {
                #expect(TaskContext.current?.isCancelled == false)
                started.open()
                gate.block()
                #expect(TaskContext.current?.isCancelled == true)
                try TaskContext.current?.checkCancellation()
                Issue.record("not cancelled")
            }()
            try await started.wait()
            #expect(future.cancel())
            #expect(future.state == .running)
            gate.open()
            #expect(await future.finalState == .cancelled)
        }
    }

    @Test("a value that is returned after the cancellation is dropped", arguments: [false, true])
    func valueAfterCancellation(isAsync: Bool) async throws {
        try await withTestEngine { flow in
            let (started, gate) = (Gate(), Gate())
            let task =
                isAsync
                ? flow.functionTask("body") { () async in
                    started.open()
                    await gate.waitStubbornly()
                    return 1
                }
                : flow.functionTask("body") {
                    started.open()
                    gate.block()
                    return 1
                }
            let future = task()
            let next = flow.functionTask("next") { (value: Int) in value }(future)
            try await started.wait()
            future.cancel()
            gate.open()
            #expect(await future.error is TaskCancelledError)
            #expect(await next.finalState == .cancelled)
        }
    }

    @Test("an error that is thrown after the cancellation is kept as its cause")
    func errorAfterCancellation() async throws {
        try await withTestEngine { flow in
            let (started, gate) = (Gate(), Gate())
            let future = flow.functionTask("body") { () throws -> Int in
                started.open()
                gate.block()
                throw TestError("half done")
            }()
            try await started.wait()
            future.cancel()
            gate.open()
            let error = try #require(await future.error as? TaskCancelledError)
            let cause = try #require(error.cause as? any WorkflowError)
            #expect(cause.deepestCause as? TestError == TestError("half done"))
        }
    }

    @Test("cancelling a task cancels what depends on it, and leaves alone what it depends on")
    func dependents() async throws {
        try await withTestEngine { flow async throws in
            let gate = Gate()
            let first = flow.functionTask("first") {
                try await gate.wait()
                return 1
            }()
            let pass = flow.functionTask("pass") { (value: Int) in value }
            let (second, sibling) = (pass(first), pass(first))
            let third = pass(pass(second))
            second.cancel()
            #expect(second.state == .cancelled)
            #expect(third.state == .cancelled)
            #expect(first.state != .cancelled)
            gate.open()
            #expect(try await sibling.value == 1)
        }
    }

    @Test("only the first of several cancellations counts")
    func idempotent() async throws {
        try await withTestEngine { flow in
            let (started, gate) = (Gate(), Gate())
            let running = flow.functionTask("running") {
                started.open()
                await gate.waitStubbornly()
            }()
            let pending = flow.functionTask("pending") { (_: Void) in }(running)
            try await started.wait()
            #expect([pending.cancel(), pending.cancel(), pending.cancel()] == [true, false, false])
            #expect([running.cancel(), running.cancel()] == [true, false])
            gate.open()
            #expect(await running.finalState == .cancelled)
            #expect(!running.cancel())
        }
    }

    @Test("a task can cancel itself")
    func cancelsItself() async throws {
        try await withTestEngine { flow in
            let own = Recorder<TaskFuture<Int>>()
            let known = Gate()
            let task = flow.functionTask("body") {
                try await known.wait()
                own.values[0].cancel()
                try Task.checkCancellation()
                return 1
            }
            own.append(task())
            known.open()
            #expect(await own.values[0].finalState == .cancelled)
        }
    }

    @Test("a body that cancels another task and throws doesn't hang whoever awaits it")
    func cancelsAnother() async throws {
        try await withTestEngine { flow in
            let endless = flow.functionTask("endless") { try await Gate().wait() }()
            let killer = flow.functionTask("killer") { () throws -> Int in
                endless.cancel()
                throw CancellationError()
            }()
            #expect(await killer.finalState == .cancelled)
            #expect(await endless.finalState == .cancelled)
        }
    }

    @Test("child tasks of a cancelled body are interrupted with it")
    func childTasks() async throws {
        try await withTestEngine { flow in
            let interrupted = Gauge()
            let started = Gate()
            let future = flow.functionTask("body") {
                try await withThrowingTaskGroup { group in
                    for index in 0..<8 {
                        group.addTask {
                            defer { interrupted.up() }
                            if index == 7 { started.open() }
                            try await Gate().wait()
                        }
                    }
                    try await group.waitForAll()
                }
            }()
            try await started.wait()
            future.cancel()
            #expect(await future.finalState == .cancelled)
            #expect(interrupted.current == 8)
        }
    }

    @Test("a dropped future doesn't cancel its task")
    func dropped() async throws {
        try await withTestEngine { flow in
            let (gate, ran) = (Gate(), Gate())
            let task = flow.functionTask("task") {
                try await gate.wait()
                ran.open()
            }
            do { _ = task() }
            gate.open()
            await flow.waitUntilIdle()
            #expect(ran.isOpen)
        }
    }

    @Test("a cancelled task doesn't occupy a worker")
    func freesWorker() async throws {
        try await withTestEngine(workers: 1) { flow async throws in
            let endless = flow.functionTask("endless") { try await Gate().wait() }
            let futures = (0..<100).map { _ in endless() }
            for future in futures { future.cancel() }
            #expect(try await flow.functionTask("next") { 1 }().value == 1)
            for future in futures { #expect(await future.finalState == .cancelled) }
        }
    }

    @Test("a task that is cancelled while readers are told of its attempt is cancelled at once, whoever looks")
    func whileTold() async throws {
        try await withTestEngine { flow async throws in
            let sink = CancellingSink()
            flow.core.events.add(sink)
            let gate = Gate()
            let future = flow.functionTask("fails", .retry(3)) { () async throws in
                try await gate.wait()
                throw TestError()
            }()
            sink.future.withLock { $0 = future }
            gate.open()
            _ = await future.result
            #expect(sink.states.values == [.cancelled])
            sink.future.withLock { $0 = nil }
        }
    }
}

/// Cancels a future while it is told that an attempt of it has failed, and notes in which state it is then.
private final class CancellingSink: EventSink {
    let future = Lock<TaskFuture<Void>?>(nil)
    let states = Recorder<TaskState>()

    func receive(_ event: WorkflowEvent) {
        guard event.type == .taskAttemptFailed, let future = future.withLock({ $0 }), future.id == event.task?.id,
            future.cancel()
        else { return }
        states.append(future.state)
    }

    func finish() {}
}
