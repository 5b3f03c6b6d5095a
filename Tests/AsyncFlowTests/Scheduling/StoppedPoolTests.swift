import TestSupport
import Testing

@testable import AsyncFlow

@Suite("A worker pool that has stopped", .timeLimit(.minutes(1)))
struct StoppedPoolTests {
    @Test("a step of a Swift task that comes too late still runs, and no thread is left", arguments: [false, true])
    func lateStep(hasRun: Bool) async {
        let pool = WorkerPool(workerCount: 2)
        if hasRun { #expect(await Task(executorPreference: pool) { 4 }.value == 4) }
        pool.stop()
        let late = Task(executorPreference: pool) {
            await Task.yield()
            return 5
        }
        #expect(await late.value == 5)
        withExtendedLifetime(pool) {}
    }

    @Test("a pool may be let go of while a thread is still queueing the step with which its engine's last task ends")
    func endWhileQueueing() async throws {
        for _ in 0..<(TestRun.isSanitized ? 50 : 300) {
            try await withTestEngine { flow async throws in
                let task = flow.functionTask("task") {
                    // Ends on a thread of Swift's own, which queues the next step of the body.
                    let detached = Task.detached { await Task.yield() }
                    await withTaskGroup { group in for _ in 0..<4 { group.addTask { await detached.value } } }
                    await detached.value
                }
                try await task().value
            }
        }
    }
}
