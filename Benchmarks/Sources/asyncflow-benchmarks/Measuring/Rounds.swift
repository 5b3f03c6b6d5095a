import BenchmarkSupport

/// The figures of one variant, a value per round, each per task and in microseconds.
struct Series {
    let variant: Variant
    var cpu: [Double] = []
    var wall: [Double] = []
    var bytesPerTask: Double?

    var medianCPU: Double { cpu.median ?? .infinity }
}

/// Runs the variants of one workload in turn, round by round (A B C, A B C, …), so that a machine whose speed drifts
/// treats all alike; each run in a process of its own, so that none has to do with memory that another has left behind.
struct Rounds {
    let workload: Workload
    let body: BodyKind
    let tasks: Int
    let rounds: Int

    func run(_ variants: [Variant]) async throws -> [Series] {
        var series = variants.map { Series(variant: $0) }
        for _ in 0..<rounds {
            for index in series.indices {
                let run = OneRun(workload: workload, body: body, variant: series[index].variant, tasks: tasks)
                let cost = try await run.inOwnProcess(measuring: .time)
                series[index].cpu.append(cost[0])
                series[index].wall.append(cost[1])
            }
        }
        for index in series.indices where series[index].variant.hold != nil {
            let run = OneRun(workload: workload, body: body, variant: series[index].variant, tasks: tasks)
            series[index].bytesPerTask = try await run.inOwnProcess(measuring: .memory).first
        }
        return series
    }
}
