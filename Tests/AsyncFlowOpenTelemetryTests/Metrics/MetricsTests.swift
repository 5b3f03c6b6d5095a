import AsyncFlow
import AsyncFlowTelemetry
import MetricsTestKit
import Testing

@testable import AsyncFlowOpenTelemetry

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

    @Test("how busy the machine is, is a gauge of what was measured last; a GPU has a point of its own")
    func load() throws {
        var meter = RunMeter()
        #expect(!MetricSet(start: 0, time: 0, meter: meter).metrics.contains { $0.name.hasPrefix("node_") })
        for percent in [10.0, 20] {
            var node = TelemetrySample(node: "node")
            (node.cpuPercent, node.memoryPercent) = (percent, percent + 1)
            meter.load.add(node)
            for number in 0..<2 {
                var gpu = TelemetrySample(node: "node")
                (gpu.gpuID, gpu.gpuPercent) = (number, percent + Double(number) / 2)
                meter.load.add(gpu)
            }
        }
        let metrics = MetricSet(start: 0, time: 0, meter: meter).metrics
        func values(_ name: String) throws -> [String: Double] {
            let metric = try #require(metrics.first { $0.name == name })
            guard case .gauge(let points) = metric.data else { return [:] }
            return Dictionary(uniqueKeysWithValues: points)
        }
        #expect(try values("node_cpu_utilization") == ["": 20])
        #expect(try values("node_memory_utilization") == ["": 21])
        #expect(try values("node_gpu_utilization") == ["0": 20, "1": 20.5])
    }

    static let answer: [String: EventValue] = [
        "gen_ai.operation.name": "chat", "gen_ai.request.model": "small", "gen_ai.response.model": "tiny",
        "gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 2, "gen_ai.client.operation.duration": 0.5,
    ]

    @Test("the tokens of models, and how long their answers took, are histograms by model")
    func answers() throws {
        var meter = RunMeter()
        #expect(!MetricSet(start: 0, time: 0, meter: meter).metrics.contains { $0.name.hasPrefix("gen_ai.") })
        let answer = try #require(ModelAnswer(try CustomEventContent("gen_ai.completed", Self.answer)))
        #expect(ModelAnswer(try CustomEventContent("gen_ai.retried", Self.answer)) == nil)
        for _ in 0..<3 { meter.apply(.answered(answer)) }
        var streamed = Self.answer
        streamed["gen_ai.operation.name"] = "embeddings"
        streamed["gen_ai.response.time_to_first_chunk"] = 0.125
        streamed["asyncflow.tokens_per_second"] = 4.0
        meter.apply(.answered(try #require(ModelAnswer(try CustomEventContent("gen_ai.completed", streamed)))))
        let metrics = MetricSet(start: 0, time: 0, meter: meter).metrics
        func values(_ name: String) throws -> [[String]: Double] {
            let metric = try #require(metrics.first { $0.name == name })
            guard case .histograms(let all) = metric.data else { return [:] }
            let pairs = all.map { attributes, numbers in
                (
                    attributes.map { attribute in if case .string(let text) = attribute.value { text } else { "" } },
                    numbers.sum
                )
            }
            return Dictionary(uniqueKeysWithValues: pairs)
        }
        #expect(
            try values("gen_ai.client.token.usage") == [
                ["chat", "tiny", "input"]: 15, ["chat", "tiny", "output"]: 6, ["embeddings", "tiny", "input"]: 5,
                ["embeddings", "tiny", "output"]: 2,
            ])
        #expect(
            try values("gen_ai.client.operation.duration") == [["chat", "tiny"]: 1.5, ["embeddings", "tiny"]: 0.5])
        // Of answers that come as a whole there is no first part.
        #expect(try values("gen_ai.client.operation.time_to_first_chunk") == [["embeddings", "tiny"]: 0.125])
        #expect(try values("asyncflow.tokens_per_second") == [["embeddings", "tiny"]: 4])
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
        var histogram = BucketedNumbers(.seconds)
        histogram.add(seconds)
        #expect(histogram.counts.firstIndex(of: 1) == bucket)
        #expect(histogram.count == 1)
    }
}
