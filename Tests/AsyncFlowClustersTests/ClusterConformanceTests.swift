import AsyncFlowClusters
import AsyncFlowTesting
import Testing

@Suite(.needsPython, .timeLimit(.minutes(10))) struct ClusterConformanceTests {
    @Test(arguments: BackendCheck.all) func `An executor is as an engine expects a backend`(
        _ check: BackendCheck
    ) async throws {
        try await check.run(on: BackendSubject { TestCluster.executor(workers: 8) })
    }

    /// All of them on one cluster, because starting one takes seconds.
    @Test(.needsDask) func `Dask is as an engine expects a backend`() async throws {
        let backend = TestCluster.dask(.local(workers: 2, threads: 4))
        // One more user of the backend, so that it goes on from check to check.
        try await backend.start()
        for check in BackendCheck.all {
            do { try await check.run(on: BackendSubject { backend }) } catch { Issue.record("\(error)") }
        }
        await backend.shutdown()
    }
}
