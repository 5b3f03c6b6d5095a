/// The figures of one variant, a value per round, each per task and in microseconds.
struct Series {
    let variant: Variant
    var cpu: [Double] = []
    var wall: [Double] = []
    var bytesPerTask: Double?

    var medianCPU: Double { cpu.median ?? .infinity }
}

/// Runs the variants of one workload in turn, round by round (A B C, A B C, …), so that a machine whose speed drifts
/// treats all alike.
struct Rounds {
    let workload: Workload
    let tasks: Int
    let rounds: Int

    func run(_ variants: [Variant]) async throws -> [Series] {
        let expected = workload.expectedResult(for: tasks)
        let taskCount = Double(workload.taskCount(for: tasks))
        var series = variants.map { Series(variant: $0) }

        let warmUp = max(tasks / 100, 1)
        for variant in variants {
            try variant.check(
                try await variant.run(warmUp), against: workload.expectedResult(for: warmUp), in: workload)
        }
        for _ in 0..<rounds {
            for index in series.indices {
                let variant = series[index].variant
                let (result, measurement) = try await Measurement.of { try await variant.run(tasks) }
                try variant.check(result, against: expected, in: workload)
                series[index].cpu.append(measurement.cpu.microseconds / taskCount)
                series[index].wall.append(measurement.wall.microseconds / taskCount)
            }
        }
        for index in series.indices {
            series[index].bytesPerTask = try await MemoryPerTask.bytes(
                of: series[index].variant, workload, tasks: tasks, expecting: expected)
        }
        return series
    }
}
