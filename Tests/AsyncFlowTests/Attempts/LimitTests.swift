import AsyncFlowTesting
import Testing

@testable import AsyncFlow

@Suite("Limits, rates and priorities", .timeLimit(.minutes(1)))
struct LimitTests {
    @Test("a limit holds for blocks too")
    func blocks() async throws {
        try await withTestEngine { flow in
            let gauge = Gauge()
            let work = flow.functionTask("work") { await Task.yield() }
            let block = flow.block("block", .limit(concurrent: 2)) {
                gauge.up()
                for _ in 0..<5 { try await work().value }
                gauge.down()
            }
            for _ in 0..<30 { block() }
            await flow.waitUntilIdle()
            #expect(gauge.total == 30)
            #expect(gauge.highest == 2)
        }
    }
}
