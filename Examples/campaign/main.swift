// A campaign of machine-learning pipelines that can be watched: each pipeline prepares data, trains a model for every
// combination of hyperparameters, evaluates them on data that they haven't seen, and selects the best one. Some
// trainings diverge: they fail.
//
//     swift run campaign            runs it, and leaves a recording and a report in a folder of its own
//     swift run campaign --watch    also keeps the page of the run open afterwards, until Ctrl-C

import AsyncFlow
import AsyncFlowDashboard
import AsyncFlowTelemetry
import Foundation

let curves: [(name: String, curve: @Sendable (Double) -> Double)] = [
    ("line", { 0.5 * $0 + 0.2 }), ("parabola", { $0 * $0 - 0.5 }), ("wave", { sin(3 * $0) }),
]
let isWatched = CommandLine.arguments.contains("--watch")
let folder = FileManager.default.temporaryDirectory.appendingPathComponent("campaign-\(UUID())").path

let telemetry = await runWorkflow { flow in
    let telemetry = try flow.startTelemetry(.init(recording: .directory(folder)))
    let dashboard = try await flow.startDashboard(.init(port: 0, keepOpen: isWatched ? .seconds(3_600) : .zero))
    flow.startProgress()

    let prepare = flow.functionTask("prepare") { (index: Int) in
        Dataset(seed: UInt64(index), count: 200, curve: curves[index].curve)
    }
    let train = flow.functionTask("train") { (data: Dataset, hyperparameters: Hyperparameters) in
        var model = Model(hyperparameters)
        for step in 1...hyperparameters.steps {
            model.improve(on: data.training)
            guard step.isMultiple(of: hyperparameters.steps / 4) else { continue }
            let loss = model.loss(on: data.training)
            guard loss < 1e6 else { throw Diverged(hyperparameters: hyperparameters) }
            TaskContext.current?.report(
                TaskProgress(fraction: Double(step) / Double(hyperparameters.steps), message: "loss \(loss)"))
        }
        return model
    }
    let evaluate = flow.functionTask("evaluate") { (data: Dataset, model: Model) in
        Score(model: model, loss: model.loss(on: data.validation))
    }
    // A training that diverges costs its own evaluation, and nothing else.
    let pipeline = flow.block("pipeline") { (index: Int) in
        let data = prepare(index)
        let grid = [1, 2, 3, 5].flatMap { degree in
            [0.05, 0.3, 2.5].map { Hyperparameters(degree: degree, rate: $0) }
        }
        var scores: [Score] = []
        for future in grid.map({ evaluate(data, train(data, $0)) }) {
            if case .success(let score) = await future.result { scores.append(score) }
        }
        let best = scores.min { $0.loss < $1.loss }!
        try flow.record("campaign.selected", ["degree": .integer(best.model.hyperparameters.degree)])
        return best
    }
    let pipelines = curves.indices.map { index in
        flow.withWorkflowScope("fit-\(curves[index].name)") { pipeline(index) }
    }
    for (curve, best) in zip(curves, pipelines) {
        let score = try await best.value
        let loss = (score.loss * 1_000).rounded() / 1_000
        print("\(curve.name): degree \(score.model.hyperparameters.degree), mean squared error \(loss)")
    }
    let counts = await telemetry.summary().counts
    print("\(counts.created) tasks: \(counts.done) done, \(counts.failed) failed")
    if isWatched { print("The run can be looked at until Ctrl-C: \(dashboard.url)") }
    return telemetry
}

let report = folder + "/campaign.html"
try await telemetry.writeReport(to: report)
let size = try FileManager.default.attributesOfItem(atPath: report)[.size] as? Int ?? 0
print("recording and report are there: \(telemetry.recordingPath != nil && size > 10_000)")
if isWatched || CommandLine.arguments.contains("--keep") {
    print(report)
} else {
    try FileManager.default.removeItem(atPath: folder)
}
