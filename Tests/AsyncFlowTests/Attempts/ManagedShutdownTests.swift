import AsyncFlowTesting
import TestSupport
import Testing

@testable import AsyncFlow
@testable import AsyncFlowBase
@testable import AsyncFlowPolicies

@Suite("Shutdown of tasks that wait for their turn", .timeLimit(.minutes(1)))
struct ManagedShutdownTests {
    enum Mode: CaseIterable {
        case immediate, graceful, drain

        var mode: WorkflowEngine.ShutdownMode {
            switch self {
            case .immediate: .immediate
            case .graceful: .graceful(deadline: .seconds(3600))
            case .drain: .drain
            }
        }
    }

    @Test(
        "every mode ends tasks in the queue, in a pause, and with a deadline, and leaves nothing",
        arguments: Mode.allCases)
    func modes(mode: Mode) async throws {
        let clock = ManualClock()
        let backend = LocalBackend(capacity: ResourceCapacity(cores: 1))
        let flow = try WorkflowEngine(.quiet(clock: clock), backends: [backend])
        let (started, gate) = (Gate(), Gate())
        let running = flow.functionTask("running", .cores(1), .timeout(.seconds(100))) {
            started.open()
            try await gate.wait()
        }()
        try await started.wait()
        let queued = flow.functionTask("queued", .cores(1), .deadline(.seconds(200))) {}()
        let count = Counter()
        let pausing = flow.functionTask("pausing", .retry(1, backoff: .constant(.seconds(30)))) {
            if count.add(1) == 1 { throw TestError() }
        }()
        let dependent = flow.functionTask("dependent", .deadline(.seconds(300))) { (_: Void) in }(pausing)
        while pausing.failedAttempts.isEmpty { await Task.yield() }
        try await clock.waitForSleeper(dueBy: .init(offset: .seconds(30)))
        async let end: Void = flow.shutdown(mode.mode)
        if mode == .drain {
            clock.advance(by: .seconds(30))
        } else {
            await flow.waitUntilClosed()
        }
        if mode == .immediate { #expect(await running.finalState == .cancelled) }
        gate.open()
        await end
        #expect(running.state == (mode == .immediate ? .cancelled : .done))
        for future in [queued, pausing, dependent] { #expect(future.state == (mode == .drain ? .done : .cancelled)) }
        #expect(flow.core.router.isUnused)
        #expect(flow.core.timers.count == 0)
        #expect(clock.sleeperCount == 0)
    }

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

    @Test("a shutdown cancels a hundred thousand tasks that wait for one core", arguments: [false, true])
    func manyQueued(areCommands: Bool) async throws {
        let flow = try WorkflowEngine(.quiet(), backends: [LocalBackend(capacity: ResourceCapacity(cores: 1))])
        let started = Gate()
        let first = flow.functionTask("first", .cores(1)) {
            started.open()
            try await Gate().wait()
        }()
        try await started.wait()
        let function = flow.functionTask("function", .cores(1)) { "" }
        let command = flow.executableTask("command") { "true" }
        let count = TestRun.isSanitized ? 5_000 : 100_000
        let futures = (0..<count).map { _ in areCommands ? command() : function() }
        #expect(flow.core.router.waitingCount == count)
        await flow.shutdown(.immediate)
        #expect(first.state == .cancelled && futures.allSatisfy { $0.state == .cancelled })
        #expect(flow.core.router.isUnused)
    }
}
