import AsyncFlow
import AsyncFlowOpenTelemetry
import AsyncFlowTelemetry
import MetricsTestKit
import Testing

@Suite("Metrics for the program's own backend", .timeLimit(.minutes(1)))
struct MetricsTests {
    @Test("tasks are counted, and their durations recorded by name")
    func counts() async throws {
        let metrics = TestMetrics()
        try await withTestEngine { flow async throws in
            flow.startMetrics(metrics)
            let good = flow.functionTask("good") { 1 }
            for _ in 0..<5 { _ = try await good().value }
            let bad = flow.functionTask("bad", .retry(2)) { () throws -> Int in throw TestError(description: "no") }
            let dependent = flow.functionTask("dependent") { (value: Int) in value }
            _ = await dependent(bad()).result
            let gate = AsyncStream<Void>.makeStream()
            let waiting = flow.functionTask("waiting") { () async throws in
                gate.continuation.yield()
                try await Task.sleep(for: .seconds(3600))
            }()
            for await _ in gate.stream { break }
            waiting.cancel()
            _ = await waiting.result
        }
        func count(_ name: String) throws -> Int64 { try metrics.expectCounter(name).totalValue }
        #expect(try count("tasks_submitted") == 7)
        #expect(try count("tasks_started") == 7)
        #expect(try count("tasks_completed") == 5)
        #expect(try count("tasks_failed") == 2)
        #expect(try count("tasks_canceled") == 1)
        #expect(try metrics.expectGauge("tasks_running").lastValue == 0)
        #expect(try metrics.expectRecorder("task_duration_seconds", [("task_name", "good")]).values.count == 5)
        #expect(try metrics.expectRecorder("task_duration_seconds", [("task_name", "bad")]).values.count == 1)
    }

    @Test("of very many names, those beyond the first share one")
    func cardinality() {
        var meter = RunMeter()
        for number in 0..<1000 {
            meter.apply(.ended(.completed, name: "task-\(number)", seconds: 1))
        }
        #expect(meter.durations.count == RunMeter.nameLimit + 1)
        #expect(meter.durations[RunMeter.otherNames]?.count == UInt64(1000 - RunMeter.nameLimit))
    }

    @Test(
        "a duration is counted in the bucket whose upper end it doesn't exceed",
        arguments: [(0.0, 0), (-1, 0), (0.001, 0), (0.0011, 1), (86_400, 22), (86_401, 23), (.infinity, 23)])
    func buckets(seconds: Double, bucket: Int) {
        var histogram = BucketedDurations()
        histogram.add(seconds)
        #expect(histogram.counts.firstIndex(of: 1) == bucket)
        #expect(histogram.count == 1)
    }
}
