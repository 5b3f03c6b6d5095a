import AsyncFlowTesting
import AsyncFlowWorkers
import Testing

@Suite("What an engine expects of a worker pool", .timeLimit(.minutes(10)))
struct PoolConformanceTests {
    @Test("the pool is as expected", arguments: BackendCheck.all)
    func conforms(check: BackendCheck) async throws {
        try await check.run(
            on: BackendSubject { WorkerPoolBackend(workers: 2, launcher: .local, configuration: .probe()) })
    }
}
