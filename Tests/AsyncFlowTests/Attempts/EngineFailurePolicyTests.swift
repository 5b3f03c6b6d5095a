import TestSupport
import AsyncFlowTesting
import Testing

@testable import AsyncFlow
@testable import AsyncFlowBase
@testable import AsyncFlowPolicies

@Suite("An engine that has seen enough failures", .timeLimit(.minutes(1)))
struct EngineFailurePolicyTests {
    /// One task of each stage, cancelled by the failure of another one.
    @Test(
        "everything else is cancelled with the reason, wherever it is",
        arguments: [FailurePolicy.failFast, .stopAfter(failures: 3)])
    func stops(policy: FailurePolicy) async throws {
        let clock = ManualClock()
        let backend = LocalBackend(capacity: ResourceCapacity(cores: 2))
        let flow = try WorkflowEngine(.quiet(failurePolicy: policy, clock: clock), backends: [backend])
        let started = Counter()
        let endless = flow.functionTask("endless", .cores(1)) {
            started.add(1)
            try await Gate().wait()
        }
        let running = [endless(), endless()]
        let command = flow.executableTask("command", .cores(0)) { "sleep 1000" }()
        let block = flow.block("block") {
            let member = flow.functionTask("member") { try await Gate().wait() }()
            started.add(1)
            try await member.value
        }()
        let pausing = flow.functionTask(
            "pausing", .retry(1, backoff: .constant(.seconds(60))), .deadline(.seconds(900))
        ) {
            throw TestError()
        }()
        let queued = (0..<10).map { _ in endless() }
        let waiting = flow.functionTask("waiting") { (_: Void) in }(running[0])
        while started.value < 3 || pausing.failedAttempts.isEmpty || command.state != .running { await Task.yield() }
        let fails = flow.functionTask("fails") { throw TestError() }
        let limit = policy == .failFast ? 1 : 3
        for _ in 1..<limit { #expect(await fails().finalState == .failed) }
        #expect(running[0].state == .running && queued[0].state == .pending)
        #expect(await fails().finalState == .failed)
        for future in running + queued + [block, pausing, waiting] {
            let error = try #require(await future.error as? TaskCancelledError)
            let byPolicy = error.message.contains("the engine's failure policy is: \(policy)")
            #expect(byPolicy || future == waiting, "\(error)")
        }
        #expect(await command.error is TaskCancelledError)
        let late = try #require(await fails().error as? TaskCancelledError)
        #expect(late.message.contains("failure policy"))
        await flow.shutdown()
        #expect(flow.core.router.isUnused)
        #expect(flow.core.timers.count == 0)
    }

    @Test("a failure is counted once: not for what depends on it, nor for the block that awaited it")
    func countedOnce() async throws {
        try await withTestEngine(failurePolicy: .stopAfter(failures: 2)) { flow in
            let fails = flow.functionTask("fails", .retry(5)) { () throws -> Int in throw TestError() }
            let block = flow.block("outer") { try await flow.block("inner") { try await fails().value }().value }
            let after = flow.functionTask("after") { (value: Int) in value }
            #expect(await after(block()).finalState == .failed)
            try await #expect(flow.functionTask("other") { 1 }().value == 1)
            #expect(await fails().finalState == .failed)
            #expect(await flow.functionTask("other") { 1 }().finalState == .cancelled)
        }
    }

    @Test("by default everything that doesn't depend on a failure goes on")
    func goesOn() async throws {
        try await withTestEngine { flow in
            let fails = flow.functionTask("fails") { throw TestError() }
            for _ in 0..<100 { fails() }
            try await #expect(flow.functionTask("other") { 1 }().value == 1)
        }
    }
}
