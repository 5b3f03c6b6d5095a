// A model in Python, and the search for its best setting in Swift: the arrays cross as they are in memory, the types
// of both sides are checked before anything runs, and an exception of Python's comes back as an error of Swift's.
//
// usage: python-model
//
// It needs a Python with numpy: the one that the variable PYTHON names, or python3. `scripts/install-tools python`
// makes one in ~/.cache/asyncflow/python.

import AsyncFlow
import AsyncFlowPython
import Foundation

struct Batch: TaskValue, Codable {
    var inputs: Tensor<Double>
    var targets: [Double]
}

struct Fit: TaskValue, Codable {
    var weights: [Double]
    var loss: Double
}

struct Diverged: Error, Codable {
    var epoch: Int
}

enum Model {
    static let fit = PythonTask("regression:fit", as: ((Batch, Double, Int) -> Fit).self)
        .keywords("batch", "rate", "epochs")
        .throwing(Diverged.self, for: "regression.Diverged")
    static let score = PythonTask("regression:score", as: ((Fit, Batch) -> Double).self)
    // A few lines in place.
    static let best = PythonTask(
        "best", as: (([Double]) -> Int).self,
        source: """
            import numpy as np
            def best(scores): return np.argmax(scores)
            """)
}

/// Rows of three numbers, and what a plane through them with some noise gives.
func makeBatch(rows: Int, seed: UInt64) -> Batch {
    var state = seed
    func next() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / Double(1 << 53) * 2 - 1
    }
    var (inputs, targets): ([Double], [Double]) = ([], [])
    for _ in 0..<rows {
        let row = [next(), next(), next()]
        inputs += row
        targets.append(2 * row[0] - row[1] + 0.5 * row[2] + 0.1 * next())
    }
    return Batch(inputs: Tensor(inputs, shape: [rows, 3]), targets: targets)
}

let python = PythonBackend(
    workers: 2, environment: .executable(ProcessInfo.processInfo.environment["PYTHON"] ?? "python3"),
    modules: [Bundle.module.resourceURL!.appendingPathComponent("Python").path],
    checking: [Model.fit, Model.score, Model.best])

await runWorkflow(backends: [LocalBackend(), python]) { flow in
    let fit = flow.pythonTask(Model.fit, .timeout(.seconds(60)))
    let score = flow.pythonTask(Model.score)
    let best = flow.pythonTask(Model.best)
    let (training, test) = (makeBatch(rows: 20_000, seed: 1), makeBatch(rows: 2_000, seed: 2))

    let rates = [0.01, 0.1, 0.5]
    let fits = rates.map { fit(training, $0, 200) }
    let scores = fits.map { score($0, test) }
    for (rate, fit) in zip(rates, fits) {
        print("rate \(rate): a loss of \(String(format: "%.4f", try await fit.value.loss))")
    }
    let winner = try await best(scores).value
    let weights = try await fits[winner].value.weights.map { String(format: "%.2f", $0) }
    let share = String(format: "%.3f", try await scores[winner].value)
    print(
        "rate \(rates[winner]) is the best: weights \(weights.joined(separator: ", ")); "
            + "it explains \(share) of the variance"
    )

    do {
        _ = try await fit(training, 50, 200).value
    } catch let error as TaskFailedError {
        guard let diverged = error.cause as? Diverged else { throw error }
        print("rate 50.0 diverged in epoch \(diverged.epoch)")
    }
}
