/// The summary of a run as a page of text, or as JSON for programs.
package struct SummaryReport {
    private let model: RunModel
    private let analysis: RunAnalysis
    private let notes: [String]
    /// The maximum number of rows in a table.
    private static let rowLimit = 40
    private static let failureLimit = 10

    package init(of model: RunModel, notes: [String] = []) {
        self.model = model
        analysis = RunAnalysis(of: model)
        self.notes = notes
    }

    // MARK: Text

    package func writeText(to output: inout ReportOutput) {
        var lines = header
        lines += names + waits + throughput + path + failures + findings
        if !notes.isEmpty { lines += [""] + notes.map { "Note: \($0)" } }
        output.write(text: lines.joined(separator: "\n") + "\n")
    }

    private var header: [String] {
        let session = model.session
        let title = session.id.isEmpty ? "Run" : "Run \(TextFormat.oneLine(session.id, 200))"
        var place: [String] = []
        if !session.host.isEmpty { place.append("on \(TextFormat.oneLine(session.host, 100))") }
        if let cores = session.cores { place.append("\(TextFormat.decimal(cores)) cores") }
        if let bytes = session.memoryBytes { place.append(TextFormat.bytes(bytes)) }
        var lines = [place.isEmpty ? title : "\(title) \(place.joined(separator: ", "))"]
        let end = model.hasEnded ? "" : ", no end is recorded: the run was killed or is still going on"
        lines.append("\(TextFormat.seconds(model.lastTime))\(end)")
        let states = RunState.allCases.compactMap { state -> String? in
            let count = model.totals[Int(state.rawValue)]
            return count > 0 ? "\(TextFormat.count(count)) \(state.text)" : nil
        }
        let list = states.isEmpty ? "" : ": " + states.joined(separator: ", ")
        lines.append("\(TextFormat.count(model.createdCount)) tasks\(list)")
        if model.reusedCount > 0 {
            lines.append("\(TextFormat.count(model.reusedCount)) of them have a value of an earlier run.")
        }
        if model.droppedCount > 0 {
            lines.append("\(TextFormat.count(model.droppedCount)) events were dropped: counts may be too low.")
        }
        return lines
    }

    private var shownNames: [Int] {
        model.names.indices.filter { model.names[$0].counts.reduce(0, +) > 0 }
    }

    private func label(_ name: RunText) -> String {
        name == .none ? "(unnamed)" : TextFormat.oneLine(model.texts[name], 40)
    }

    private var names: [String] {
        let statistics = model.durationsByName()
        let order = shownNames.sorted { (statistics[$0]?.sum ?? 0, $1) > (statistics[$1]?.sum ?? 0, $0) }
        guard !order.isEmpty else { return [] }
        var table = TextTableLayout(["name", "tasks", "failed", "cancelled", "mean", "median", "95 %", "99 %", "total"])
        for index in order.prefix(Self.rowLimit) {
            let counts = model.names[index].counts
            let values = statistics[index].map { [$0.mean, $0.median, $0.p95, $0.p99, $0.sum] }
            table.rows.append(
                [
                    label(model.names[index].text), TextFormat.count(counts.reduce(0, +)),
                    TextFormat.count(counts[Int(RunState.failed.rawValue)]),
                    TextFormat.count(counts[Int(RunState.cancelled.rawValue)]),
                ] + (values?.map(TextFormat.seconds) ?? Array(repeating: "–", count: 5)))
        }
        return ["", "Tasks by name, how long they ran:"] + table.lines + more(order.count)
    }

    private func more(_ count: Int) -> [String] {
        count > Self.rowLimit ? ["  … and \(TextFormat.count(count - Self.rowLimit)) more names"] : []
    }

    private var waits: [String] {
        let waiting = shownNames.filter { model.names[$0].waits.contains { $0 > 0 } }
            .sorted { model.names[$0].waits.reduce(0, +) > model.names[$1].waits.reduce(0, +) }
        guard !waiting.isEmpty else { return [] }
        var table = TextTableLayout(["name"] + RunWait.allCases.map(\.text))
        for index in waiting.prefix(Self.rowLimit) {
            table.rows.append([label(model.names[index].text)] + model.names[index].waits.map(TextFormat.seconds))
        }
        return ["", "What tasks waited for, in total:"] + table.lines + more(waiting.count)
    }

    private var throughput: [String] {
        let occupancy = analysis.occupancy
        guard occupancy.span > 0 else { return [] }
        let ended = model.totals[Int(RunState.done.rawValue)] + model.totals[Int(RunState.failed.rawValue)]
        let peak = (model.doneOverTime.values.max() ?? 0) / model.doneOverTime.width
        return [
            "",
            "Throughput: \(TextFormat.decimal((Double(ended) / occupancy.span).rounded(toPlaces: 1))) tasks/s on average, "
                + "at most \(TextFormat.decimal(peak.rounded(toPlaces: 1))) "
                + "in \(TextFormat.seconds(model.doneOverTime.width))",
            "At once: \(TextFormat.fixed(occupancy.meanRunning, 1)) tasks and \(TextFormat.fixed(occupancy.meanCores, 1)) "
                + "cores on average, at most \(occupancy.peakRunning) and \(TextFormat.decimal(occupancy.peakCores))",
        ]
    }

    private var path: [String] {
        let steps = analysis.path.steps
        guard !steps.isEmpty else { return [] }
        var table = TextTableLayout(["task", "name", "start", "ran", "waited", "for"], leftColumns: [0, 1, 5])
        let shown = steps.count <= 20 ? Array(steps) : Array(steps.prefix(10)) + Array(steps.suffix(10))
        for step in shown {
            table.rows.append([
                TextFormat.oneLine(model.id(step.place), 40), label(model.names[model.nameNumber(step.place)].text),
                TextFormat.seconds(step.start), TextFormat.seconds(step.end - step.start),
                TextFormat.seconds(step.waited), step.waited > 0 ? step.cause.rawValue : "",
            ])
        }
        let title =
            "Critical path: \(TextFormat.count(steps.count)) \(steps.count == 1 ? "task" : "tasks"), which ran for "
            + "\(TextFormat.seconds(analysis.path.busy)):"
        let cut = steps.count > 20 ? ["  (the first and the last ten)"] : []
        return ["", title] + table.lines + cut
    }

    private var failures: [String] {
        guard !model.failures.groups.isEmpty else { return [] }
        let groups = model.failures.groups.sorted { $0.count > $1.count }
        var lines = ["", "Failures:"]
        for group in groups.prefix(Self.failureLimit) {
            let what = [group.type, group.message].filter { !$0.isEmpty }.map { TextFormat.oneLine($0, 300) }
            lines.append(
                "  \(TextFormat.count(group.count)) × \(label(group.name)): "
                    + (what.isEmpty ? "no message" : what.joined(separator: ": "))
                    + " (first: \(TextFormat.oneLine(model.id(group.firstPlace), 60)))")
        }
        if groups.count > Self.failureLimit { lines.append("  … and \(groups.count - Self.failureLimit) other kinds") }
        return lines
    }

    private var findings: [String] {
        analysis.findings.isEmpty
            ? [] : ["", "What would have shortened the run:"] + analysis.findings.map { "  - \($0)" }
    }

    // MARK: JSON

    package func writeJSON(to output: consuming ReportOutput) -> ReportOutput {
        var json = JSONWriter(output)
        json.object { json in
            json.field("version", 1)
            PageData.writeSession(model, &json)
            PageData.writeTotals(model, &json)
            PageData.writeNames(model, durations: model.durationsByName(), &json)
            PageData.writeWorkflows(model, limit: .max, &json)
            json.object("occupancy") { json in
                let occupancy = analysis.occupancy
                json.field("mean_running", number: occupancy.meanRunning)
                json.field("mean_cores", number: occupancy.meanCores)
                json.field("peak_running", occupancy.peakRunning)
                json.field("peak_cores", number: occupancy.peakCores)
                json.field("contended_seconds", number: occupancy.contendedSeconds)
                json.field("lower_bound_seconds", number: analysis.lowerBound)
            }
            PageData.writeFailures(model, &json)
            PageData.writeAnalysis(model, analysis, &json)
            json.array("notes") { json in for note in notes { json.string(note) } }
        }
        var output = json.finish()
        output.write(0x0A)
        return output
    }
}

extension Double {
    fileprivate func rounded(toPlaces places: Int) -> Double {
        let scale = places == 1 ? 10.0 : 1.0
        return (self * scale).rounded() / scale
    }
}
