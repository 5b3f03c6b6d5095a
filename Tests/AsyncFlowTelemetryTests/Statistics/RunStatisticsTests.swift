import AsyncFlow
import Testing

@testable import AsyncFlowTelemetry

@Suite("Statistics of a run", .timeLimit(.minutes(1)))
struct RunStatisticsTests {
    @Test("quantiles are right to 3 %, whatever the durations", arguments: [1, 2, 3] as [UInt64])
    func quantiles(seed: UInt64) {
        var state = seed
        func random() -> Double {
            state = TraceIdentity.mix(state)
            return Double(state >> 11) / Double(1 << 53)
        }
        var histogram = DurationHistogram()
        var values: [Double] = []
        for _ in 0..<10_000 {
            let nanoseconds = Int64(pow2(random() * 40))
            histogram.add(nanoseconds: nanoseconds)
            values.append(Double(nanoseconds) * 1e-9)
        }
        values.sort()
        for fraction in [0.01, 0.5, 0.95, 0.99, 1] {
            let exact = values[max(0, Int((fraction * 10_000).rounded(.up)) - 1)]
            let found = histogram.quantile(fraction)!
            #expect(abs(found - exact) <= max(0.03 * exact, 1e-9), "seed \(seed), \(fraction): \(found), not \(exact)")
        }
        #expect(histogram.maximum == values.last)
        #expect(abs(histogram.mean! - values.reduce(0, +) / 10_000) < 1e-6 * values.last!)
    }

    private func pow2(_ exponent: Double) -> Double {
        var value = 1.0
        for _ in 0..<Int(exponent) { value *= 2 }
        return value * (1 + exponent - exponent.rounded(.down))
    }

    @Test("no durations have no quantiles")
    func empty() {
        #expect(DurationHistogram().quantile(0.5) == nil)
        #expect(DurationHistogram().mean == nil)
        var histogram = DurationHistogram()
        histogram.add(nanoseconds: -5)
        #expect(histogram.quantile(0.5) == 0)
    }

    @Test("tasks are counted by name and state, and nothing is kept of those that have ended")
    func counts() async throws {
        struct Broken: Error {}
        try await withTestEngine { flow async throws in
            let statistics = flow.statistics
            #expect(flow.statistics === statistics)
            statistics.begin(on: flow)
            let good = flow.functionTask("good") { (n: Int) in n }
            let bad = flow.functionTask("bad") { (n: Int) throws -> Int in throw Broken() }
            for n in 0..<100 { good(bad(n)) }
            for n in 0..<50 { good(n) }
            await flow.waitUntilIdle()
            await statistics.flush()
            let now = statistics.current
            #expect(now.names.map(\.name) == ["bad", "good"])
            #expect(now.names[0].counts == .init(failed: 100))
            #expect(now.names[1].counts == .init(done: 50, failed: 100))
            #expect(now.total.created == 250)
            #expect(now.durations.count == 150)
            #expect(now.coresInUse == 0)
            #expect(now.peakCores >= 1)
            #expect(now.meanCores > 0)
            #expect(now.waits.workers > 0)
        }
    }

    @Test("waits have causes")
    func waits() async throws {
        struct Broken: Error {}
        let capacity = ResourceCapacity(cores: 1, memory: .gigabytes(8), gpus: 0)
        try await withTestEngine(backends: [LocalBackend(capacity: capacity)]) { flow async throws in
            let statistics = flow.statistics
            statistics.begin(on: flow)
            let command = flow.executableTask("command", .retry(1, backoff: .constant(.milliseconds(5)))) {
                "sh -c 'sleep 0.01; exit 1'"
            }
            let other = flow.functionTask("other") { (_: String) in }
            let areCalled = Gate()
            let limited = flow.functionTask("limited", .limit(concurrent: 1)) { await areCalled.wait() }
            other(command())
            command()
            limited()
            limited()
            await areCalled.open()
            await flow.waitUntilIdle()
            await statistics.flush()
            let now = statistics.current
            #expect(now.waits.retry >= 0.005)
            #expect(now.waits.resources > 0)
            #expect(now.waits.limit > 0)
            #expect(now.names[0].failedAttempts == 2)
            #expect(now.names[0].cpuSeconds >= 0)
        }
    }

    @Test("functions without cores count as one core each, never as more than there are; commands as what they got")
    func cores() async throws {
        let capacity = ResourceCapacity(cores: 2, memory: .gigabytes(8), gpus: 0)
        try await withTestEngine(workers: 4, backends: [LocalBackend(capacity: capacity)]) { flow async throws in
            let statistics = flow.statistics
            statistics.begin(on: flow)
            let gate = Gate()
            let waiting = flow.functionTask("waiting") { await gate.wait() }
            for _ in 0..<10 { waiting() }
            while await gate.count < 10 { await Task.yield() }
            await statistics.flush()
            #expect(statistics.current.total.running == 10)
            #expect(statistics.current.coresInUse == 2)
            let command = flow.executableTask("command", .cores(2)) { "true" }
            _ = try await command().value
            await statistics.flush()
            #expect(statistics.current.peakCores == 2)
            await gate.open()
            await flow.waitUntilIdle()
            await statistics.flush()
            #expect(statistics.current.coresInUse == 0)
            #expect(statistics.current.meanCores <= 2)
        }
    }

    @Test("it counts as long as somebody uses it, and what was counted stays")
    func uses() async throws {
        try await withTestEngine { flow async throws in
            let task = flow.functionTask("task") { (n: Int) in n }
            let first = try flow.startTelemetry(.init(recording: nil))
            let second = try flow.startTelemetry(.init(recording: nil))
            for round in 0..<3 {
                _ = try await task(round).value
                if round == 0 { await first.stop() }
                if round == 1 {
                    await second.stop()
                    await second.stop()
                }
            }
            #expect(!flow.statistics.isCounting)
            #expect(await first.summary().counts.done == 2)
            let third = try flow.startTelemetry(.init(recording: nil))
            _ = try await task(3).value
            #expect(await third.summary().counts.done == 3)
        }
    }

    @Test("a summary is text for people and data for programs")
    func summary() async throws {
        try await withTestEngine { flow async throws in
            let telemetry = try flow.startTelemetry(.init(recording: nil))
            let task = flow.functionTask("greet") { (n: Int) in n }
            for n in 0..<1_000 { task(n) }
            await flow.waitUntilIdle()
            let summary = await telemetry.summary()
            let text = "\(summary)"
            #expect(text.hasPrefix("1,000 tasks: 1,000 done\n"))
            #expect(text.contains("greet"))
            #expect(text.contains("durations: mean "))
            #expect(summary.durations!.median <= summary.durations!.p99)
            #expect(summary.recordedEvents == nil)
        }
    }
}
