import AsyncFlowTesting
import Testing

@testable import AsyncFlow

@Suite("Shutdown of tasks that wait for their turn", .timeLimit(.minutes(1)))
struct ManagedShutdownTests {
    @Test("a task that would pause before its next attempt when the engine is being shut down is cancelled")
    func pauseBeginsLate() async throws {
        let clock = ManualClock()
        let flow = try WorkflowEngine(.quiet(clock: clock))
        let (started, gate) = (Gate(), Gate())
        let future = flow.functionTask("task", .retry(1, backoff: .constant(.seconds(3600)))) {
            started.open()
            await gate.waitStubbornly()
            throw TestError()
        }()
        try await started.wait()
        async let end: Void = flow.shutdown(.graceful(deadline: .seconds(3600)))
        await flow.waitUntilClosed()
        gate.open()
        #expect(await future.error is TaskCancelledError)
        #expect(future.failedAttempts.count == 1)
        await end
        #expect(flow.core.router.isUnused)
    }

    @Test("a task whose turn is far away when its dependency ends in a shutdown is cancelled")
    func queuedLate() async throws {
        let clock = ManualClock()
        let flow = try WorkflowEngine(.quiet(clock: clock))
        let (started, gate) = (Gate(), Gate())
        let dependency = flow.functionTask("dependency") {
            started.open()
            await gate.waitStubbornly()
        }()
        let rare = flow.functionTask("rare", .rate(1, per: .seconds(3600))) { (_: Void) in }
        let first = flow.functionTask("nothing") {}
        try await rare(first()).value
        let late = rare(dependency)
        try await started.wait()
        async let end: Void = flow.shutdown(.graceful(deadline: .seconds(3600)))
        await flow.waitUntilClosed()
        gate.open()
        #expect(await late.error is TaskCancelledError)
        await end
        #expect(flow.core.router.isUnused)
    }

    @Test("a function that was cancelled before a worker had time for it never runs")
    func cancelledBeforeItBegins() async throws {
        let ran = Counter()
        try await withTestEngine(workers: 1) { flow in
            let (started, gate) = (Gate(), Gate())
            flow.functionTask("blocks") {
                started.open()
                gate.block()
            }()
            try await started.wait()
            let synchronous = flow.functionTask("sync", .timeout(.seconds(60))) { _ = ran.add(1) }()
            let asynchronous = flow.functionTask("async", .timeout(.seconds(60))) {
                await Task.yield()
                ran.add(1)
            }()
            #expect(synchronous.cancel() && asynchronous.cancel())
            gate.open()
            #expect(await synchronous.finalState == .cancelled)
            #expect(await asynchronous.finalState == .cancelled)
        }
        #expect(ran.value == 0)
    }

    @Test("a shutdown cancels a hundred thousand tasks that wait for one core")
    func manyQueued() async throws {
        let flow = try WorkflowEngine(.quiet(), backends: [LocalBackend(capacity: ResourceCapacity(cores: 1))])
        let started = Gate()
        let task = flow.functionTask("task", .cores(1)) {
            started.open()
            try await Gate().wait()
        }
        let futures = (0..<100_000).map { _ in task() }
        try await started.wait()
        await flow.shutdown(.immediate)
        #expect(futures.allSatisfy { $0.state == .cancelled })
        #expect(flow.core.router.isUnused)
    }
}
