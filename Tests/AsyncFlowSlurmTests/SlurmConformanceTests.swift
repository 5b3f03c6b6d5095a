import AsyncFlowTesting
import Testing

@testable import AsyncFlowSlurm

@Suite("What an engine expects of Slurm", .timeLimit(.minutes(10)))
struct SlurmConformanceTests {
    let slurm: FakeSlurm
    init() throws { slurm = try FakeSlurm() }

    @Test("jobs are as expected", arguments: BackendCheck.all)
    func jobs(check: BackendCheck) async throws {
        try await check.run(on: BackendSubject { slurm.backend() })
    }
}
