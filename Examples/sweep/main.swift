// A sweep over hyper-parameters that doesn't wait for the hopeless ones: each training prints a line of JSON per step,
// the lines are read as they come, and a training whose loss grows is cancelled.

import AsyncFlow
import Foundation

struct Step: Decodable, Sendable {
    let step: Int
    let loss: Double
}

let program = Bundle.module.url(forResource: "train", withExtension: "sh", subdirectory: "Program")!.path
let rates = [0.1, 0.3, 0.5, 0.9, 1.1, 1.5]

await runWorkflow { flow in
    let train = flow.executableTask("train", .timeout(.seconds(60))) { (rate: Double) in "sh \(program) \(rate)" }

    // A training and whoever watches it.
    let trial = flow.block("trial") { (rate: Double) in
        let run = train(rate)
        var steps = 0
        for try await step in run.jsonLines(as: Step.self) {
            steps = step.step
            if step.loss > 50, run.cancel() { return "stopped at step \(steps), the loss was growing" }
        }
        _ = try await run.value
        return "converged in \(steps) steps"
    }

    let trials = rates.map { trial($0) }
    for (rate, outcome) in zip(rates, trials) { print("rate \(rate): \(try await outcome.value)") }
}
