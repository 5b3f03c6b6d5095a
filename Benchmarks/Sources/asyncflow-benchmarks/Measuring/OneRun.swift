import BenchmarkSupport
import Foundation

/// One variant of a workload, to be run once.
struct OneRun {
    let workload: Workload
    let body: BodyKind
    let variant: Variant
    let tasks: Int

    enum Quantity: String, Sendable {
        /// CPU and wall time, in microseconds per task.
        case time
        /// Bytes per waiting task; nothing when the system doesn't tell.
        case memory
    }

    /// Has another process of this program measure the run, and reads what that prints.
    func inOwnProcess(measuring quantity: Quantity) async throws -> [Double] {
        let program = ExternalProgram(
            executable: URL(filePath: Bundle.main.executablePath ?? CommandLine.arguments[0]),
            arguments: [
                "measure", workload.rawValue, body.rawValue, variant.name, quantity.rawValue, "--tasks", "\(tasks)",
            ])
        let outcome = await program.run(within: .seconds(300))
        if let failure = outcome.failure { throw failure }
        return outcome.lines.compactMap(Double.init)
    }

    /// Measures the run here, after a hundredth of it that isn't measured.
    func measure(_ quantity: Quantity) async throws -> [Double] {
        let warmUp = max(tasks / 100, 1)
        try variant.check(
            try await variant.run(warmUp), against: workload.expectedResult(for: warmUp), in: workload)
        let expected = workload.expectedResult(for: tasks)
        switch quantity {
        case .time:
            let count = Double(workload.taskCount(for: tasks))
            let (result, measurement) = try await Measurement.of { [variant, tasks] in try await variant.run(tasks) }
            try variant.check(result, against: expected, in: workload)
            return [measurement.cpu.microseconds / count, measurement.wall.microseconds / count]
        case .memory:
            return try await MemoryPerTask.bytes(of: variant, workload, tasks: tasks, expecting: expected).map { [$0] }
                ?? []
        }
    }
}
