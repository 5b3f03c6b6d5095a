// Several workflows at once: each in a scope of its own, whose id is on every task, log line and event.

import AsyncFlow

await runWorkflow { flow in
    let simulate = flow.functionTask("simulate") { (temperature: Int, step: Int) in temperature * 10 + step }
    let mean = flow.functionTask("mean") { (energies: [Int]) in
        Double(energies.reduce(0, +)) / Double(energies.count)
    }

    /// One workflow: three simulations side by side, then their mean.
    @Sendable func study(_ temperature: Int) async throws -> String {
        try await flow.withWorkflowScope("study-\(temperature)K") {
            let runs = (1...3).map { simulate(temperature, $0) }
            let result = mean(runs)
            return "\(result.workflowID ?? "none"): mean energy \(try await result.value)"
        }
    }

    // Workflows are ordinary async functions; Swift's own means run them side by side.
    async let cold = study(280)
    async let warm = study(300)
    async let hot = study(320)
    for line in try await [cold, warm, hot] { print(line) }

    // A scope without a name gets an id that is unique in this engine.
    try await flow.withWorkflowScope {
        let single = simulate(1, 1)
        print("\(single.workflowID ?? "none"): energy \(try await single.value)")
    }

    // A single call can be labelled too.
    let labelled = simulate.with(.workflow("calibration"))(25, 0)
    print("\(labelled.workflowID ?? "none"): energy \(try await labelled.value)")

    // Outside of any scope there is no label.
    let plain = simulate(0, 7)
    print("\(plain.workflowID ?? "none"): energy \(try await plain.value)")
}
