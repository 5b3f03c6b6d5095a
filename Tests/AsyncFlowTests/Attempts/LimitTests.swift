import TestSupport
import AsyncFlow
import AsyncFlowTesting
import Testing

@Suite("Limits, rates and priorities", .timeLimit(.minutes(1)))
struct LimitTests {
    @Test("a limit holds for all calls of a task, whatever options they have")
    func concurrent() async throws {
        try await withTestEngine { flow in
            let gauge = Gauge()
            let task = flow.functionTask("task", .limit(concurrent: 3)) {
                gauge.up()
                while gauge.highest < 3 { await Task.yield() }
                gauge.down()
            }
            let other = task.with(.retry(1), .workflow("w")).fallback(())
            for _ in 0..<50 {
                task()
                other()
            }
            await flow.waitUntilIdle()
            #expect(gauge.total == 100)
            #expect(gauge.highest == 3)
        }
    }

    @Test("a limit holds for blocks too")
    func blocks() async throws {
        try await withTestEngine { flow in
            let gauge = Gauge()
            let work = flow.functionTask("work") { await Task.yield() }
            let block = flow.block("block", .limit(concurrent: 2)) {
                gauge.up()
                repeat { try await work().value } while gauge.highest < 2
                gauge.down()
            }
            for _ in 0..<30 { block() }
            await flow.waitUntilIdle()
            #expect(gauge.total == 30)
            #expect(gauge.highest == 2)
        }
    }

    @Test("of a rate, as many begin in each period as it allows, on the engine's clock")
    func rate() async throws {
        let clock = ManualClock()
        try await withTestEngine(clock: clock) { flow in
            let times = Recorder<Duration>()
            let task = flow.functionTask("task", .rate(3, per: .seconds(10))) { times.append(clock.now.offset) }
            let urgent = task.with(.priority(.high), .cores(0))
            let futures = (0..<4).map { _ in task() } + (0..<4).map { _ in urgent() }
            for begun in [3, 6, 8] {
                while times.count < begun { await Task.yield() }
                guard begun < 8 else { break }
                try await clock.waitForSleepers(1)
                clock.advance(by: .seconds(10) - .nanoseconds(1))
                #expect(times.count == begun)
                clock.advance(by: .nanoseconds(1))
            }
            for future in futures { try await future.value }
            #expect(times.values.map(\.components.seconds) == [0, 0, 0, 10, 10, 10, 20, 20])
        }
    }

    @Test("of the tasks that wait, those with a higher priority begin first, then those that were called first")
    func priorities() async throws {
        let backend = LocalBackend(capacity: ResourceCapacity(cores: 1))
        try await withTestEngine(backends: [backend]) { flow in
            let (gate, order) = (Gate(), Recorder<Int>())
            let first = flow.functionTask("first", .cores(1)) { try await gate.wait() }()
            while first.state != .running { await Task.yield() }
            let levels = [0, 5, -3, 5, 0, 7, -3]
            for level in levels {
                flow.functionTask("task", .cores(1), .priority(level)) { order.append(level) }()
            }
            gate.open()
            await flow.waitUntilIdle()
            #expect(order.values == levels.sorted(by: >))
        }
    }
}
