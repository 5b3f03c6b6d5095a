/// The analysis of where a run's time went and what would have shortened it.
package struct RunAnalysis: Sendable {
    package struct Share: Sendable, Equatable {
        package let name: RunText
        package let count: Int
        package let seconds: Double
    }

    package let path: CriticalPath
    /// The names of the path's tasks, the one with the most time first.
    package let shares: [Share]
    /// The seconds between tasks of the path, by cause.
    package let pathWaits: [PathCause: Double]
    package let occupancy: Occupancy
    /// The least number of seconds that the run would take with unlimited workers and resources.
    package let lowerBound: Double
    /// Sentences for the reader, the most important first.
    package let findings: [String]

    package init(of model: RunModel) {
        let path = CriticalPath(of: model)
        var sums: [Int: (Int, Double)] = [:]
        var waits: [PathCause: Double] = [:]
        for step in path.steps {
            sums[model.nameNumber(step.place), default: (0, 0)].0 += 1
            sums[model.nameNumber(step.place), default: (0, 0)].1 += step.end - step.start
            waits[step.cause, default: 0] += step.waited
        }
        self.path = path
        pathWaits = waits
        shares = sums.sorted { ($1.value.1, $0.key) < ($0.value.1, $1.key) }
            .map { Share(name: model.names[$0.key].text, count: $0.value.0, seconds: $0.value.1) }
        occupancy = Occupancy(of: model)
        lowerBound = model.longestDependencyChain()
        findings =
            Findings(
                model: model, path: path, shares: shares, waits: waits, occupancy: occupancy, lowerBound: lowerBound
            ).sentences
    }
}

private struct Findings {
    let model: RunModel
    let path: CriticalPath
    let shares: [RunAnalysis.Share]
    let waits: [PathCause: Double]
    let occupancy: Occupancy
    let lowerBound: Double

    /// The part of the run below which a finding isn't worth a sentence.
    private static let threshold = 0.02

    private var length: Double { path.steps.last.map(\.end) ?? 0 }

    var sentences: [String] {
        guard length > 0 else { return [] }
        return longestName + waiting + idleCores + tail + retries + bound
    }

    private func percent(_ seconds: Double) -> String { TextFormat.percent(seconds / length) }

    private var longestName: [String] {
        guard let share = shares.first, share.seconds >= Self.threshold * length else { return [] }
        let name = TextFormat.name(model.texts[share.name])
        let tasks = share.count == 1 ? "1 task" : "\(TextFormat.count(share.count)) tasks"
        return [
            "\(tasks) named \(name) on the critical path took \(percent(share.seconds)) of the run "
                + "(\(TextFormat.seconds(share.seconds))): making \(name) faster shortens the run most."
        ]
    }

    private var waiting: [String] {
        PathCause.allCases.compactMap { cause in
            guard let seconds = waits[cause], seconds >= Self.threshold * length else { return nil }
            let time = "\(percent(seconds)) of the run (\(TextFormat.seconds(seconds)))"
            return switch cause {
            case .start: "The first task of the critical path started only after \(time)."
            case .dependencies: "Between tasks of the critical path that need each other \(time) passed."
            case .workers: "Tasks of the critical path waited for a worker for \(time)."
            case .resources: "Tasks of the critical path waited for cores, memory or GPUs for \(time)."
            case .limit: "Tasks of the critical path waited for a limit on concurrent tasks for \(time)."
            case .rate: "Tasks of the critical path waited for a limit on the rate of starts for \(time)."
            case .program: "The program took \(time) to make the critical path's next task after one had ended."
            }
        }
    }

    private var idleCores: [String] {
        guard let cores = model.session.cores, occupancy.contendedSeconds >= Self.threshold * length else { return [] }
        let idle = cores - occupancy.coresWhileContended
        guard idle >= 0.5, idle >= 0.05 * cores else { return [] }
        return [
            "\(TextFormat.decimal(idle)) of \(TextFormat.decimal(cores)) cores were idle on average while "
                + "\(TextFormat.decimal(occupancy.waitingWhileContended)) tasks were ready and waited "
                + "(\(percent(occupancy.contendedSeconds)) of the run): check workers, limits and requested resources."
        ]
    }

    private var tail: [String] {
        guard occupancy.meanRunning >= 2, occupancy.tailSeconds >= 0.1 * length else { return [] }
        return [
            "In the last \(TextFormat.seconds(occupancy.tailSeconds)) (\(percent(occupancy.tailSeconds)) of the run) at most "
                + "a quarter as many tasks ran as on average: starting the longest tasks earlier would shorten the end."
        ]
    }

    private var retries: [String] {
        let seconds = model.retries.failedSeconds
        guard seconds >= Self.threshold * length else { return [] }
        return ["Attempts that failed and were made again ran for \(TextFormat.seconds(seconds)) in total."]
    }

    private var bound: [String] {
        guard lowerBound > 0, model.hasEnded || model.totals[Int(RunState.running.rawValue)] == 0 else { return [] }
        return [
            "With unlimited workers and resources the dependencies alone take \(TextFormat.seconds(lowerBound)), "
                + "\(percent(lowerBound)) of the \(TextFormat.seconds(length)) that the run took."
        ]
    }
}
