import AsyncFlow
import BenchmarkSupport
import CProcessUsage

/// The cost of options: a synchronous function with each of four options, and with all of them, whose futures are kept.
struct ManagedTasks {
    let tasks: Int
    let rounds: Int

    private static let options: [(name: String, options: [TaskOption<FunctionKind>])] = [
        ("plain", []), ("retry", [.retry(2)]), ("timeout", [.timeout(.seconds(60))]), ("priority", [.priority(.high)]),
        ("cores", [.cores(1)]), ("all", [.retry(2), .timeout(.seconds(60)), .priority(.high), .cores(1)]),
    ]

    /// Prints the table and returns the figures.
    func report() async throws -> [Figure?] {
        var cpu: [String: [Double]] = [:]
        var bytes: [String: Double] = [:]
        for _ in 0..<rounds {
            for (name, options) in Self.options {
                let (_, cost) = try await Measurement.of { [tasks] in try await Self.run(tasks, options) }
                cpu[name, default: []].append(cost.cpu.microseconds / Double(tasks))
            }
        }
        for (name, options) in Self.options { bytes[name] = try await Self.memory(of: tasks, options) }
        var table = Table(
            title: "a synchronous function with options, \(tasks) tasks; per task:", header: ["", "CPU µs", "bytes"])
        for (name, _) in Self.options { table.rows.append([name, cpu[name]?.median.text ?? "–", bytes[name].text]) }
        table.print()
        return Self.options.map { Figure("managed.\($0.name).cpu_us", cpu[$0.name]?.median, "us") }
            + [Figure("managed.bytes_per_task", bytes["all"], "B")]
    }

    @concurrent
    private static func run(_ tasks: Int, _ options: [TaskOption<FunctionKind>]) async throws -> Int {
        try await withWorkflowEngine { flow in
            let one = task(flow, options)
            let futures = (0..<tasks).map { one($0) }
            var sum = 0
            for future in futures { sum &+= try await future.value }
            return sum
        }
    }

    /// The growth of the process's resident memory while all tasks wait for a gate, in bytes per task.
    @concurrent
    private static func memory(of tasks: Int, _ options: [TaskOption<FunctionKind>]) async throws -> Double? {
        process_usage_release_freed_memory()
        let before = Int(process_usage_resident_bytes())
        let gate = Gate()
        _ = try await withWorkflowEngine { flow in
            let first = flow.functionTask("first") { () async -> Int in
                await gate.opened()
                return 0
            }()
            let one = task(flow, options)
            let futures = (0..<tasks).map { _ in one(first) }
            try await gate.allTasksAreMade()
            return try await futures[tasks - 1].value
        }
        guard before > 0, let held = gate.residentBytes, held > 0 else { return nil }
        return Double(held - before) / Double(tasks)
    }

    private static func task(
        _ flow: WorkflowEngine, _ options: [TaskOption<FunctionKind>]
    ) -> FunctionTask<Int, Int> {
        // Options are a variadic parameter, and there is no way to pass an array as one.
        switch options.count {
        case 0: flow.functionTask("one") { (a: Int) in taskBody(a) }
        case 1: flow.functionTask("one", options[0]) { (a: Int) in taskBody(a) }
        default: flow.functionTask("one", options[0], options[1], options[2], options[3]) { (a: Int) in taskBody(a) }
        }
    }
}
