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
}
