package import AsyncFlow
import AsyncFlowBase

/// A sampler of this computer and its GPUs. It runs as long as it has consumers, and passes every sample to all of
/// them.
///
/// There is one per engine. If consumers want different intervals, all get samples at the shortest one.
package final class ResourceSampler: Sendable {
    package typealias Consumer = @Sendable (TelemetrySample) -> Void

    private struct State {
        var consumers: [Int: (interval: Duration, consumer: Consumer)] = [:]
        var lastNumber = 0
        var task: Task<Void, Never>?
    }
    private let state = Lock(State())
    private let statistics: SharedStatistics
    private let utilization: @Sendable () async -> [Int: Double]

    init(_ statistics: SharedStatistics, utilization: @escaping @Sendable () async -> [Int: Double]) {
        self.statistics = statistics
        self.utilization = utilization
    }

    /// The host name of this computer.
    package static let node: String = {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    /// - Returns: the number that ``remove(_:)`` takes.
    package func add(every interval: Duration, _ consumer: @escaping Consumer) -> Int {
        state.withLock { state in
            state.lastNumber += 1
            state.consumers[state.lastNumber] = (max(.milliseconds(10), interval.bounded), consumer)
            // Restarts the task, because it may be sleeping for longer than the new interval.
            state.task?.cancel()
            state.task = Task.detached { [weak self] in
                var counters = SystemCounters.now()
                while !Task.isCancelled, let interval = self?.interval {
                    try? await Task.sleep(for: interval)
                    if Task.isCancelled { return }
                    await self?.takeSamples(since: &counters)
                }
            }
            return state.lastNumber
        }
    }

    package func remove(_ number: Int) {
        let ended = state.withLock { state in
            state.consumers[number] = nil
            return state.consumers.isEmpty ? state.task.take() : nil
        }
        ended?.cancel()
    }

    private var interval: Duration? { state.withLock { $0.consumers.values.map(\.interval).min() } }

    private func takeSamples(since before: inout SystemCounters?) async {
        let counters = SystemCounters.now()
        var sample = counters?.sample(since: before, node: Self.node) ?? TelemetrySample(node: Self.node)
        before = counters
        let gpus = await utilization()
        if !gpus.isEmpty { sample.gpuPercent = gpus.values.reduce(0, +) / Double(gpus.count) }
        if statistics.isCounting {
            (sample.coresUsed, sample.tasksRunning) = statistics.read { (Double($0.coresInUse), $0.total.running) }
        }
        let samples =
            [sample]
            + gpus.sorted { $0.key < $1.key }.map { gpu, percent in
                var sample = TelemetrySample(time: sample.time, node: Self.node, gpuID: gpu)
                sample.gpuPercent = percent
                return sample
            }
        let consumers = state.withLock { $0.consumers.sorted { $0.key < $1.key }.map(\.value.consumer) }
        for sample in samples { for consumer in consumers { consumer(sample) } }
    }
}

extension WorkflowEngine {
    /// The sampler of this engine.
    package var resourceSampler: ResourceSampler {
        let statistics = statistics
        return companion(ResourceSampler.self) {
            ResourceSampler(statistics, utilization: GraphicsProcessors.utilization)
        }
    }
}
