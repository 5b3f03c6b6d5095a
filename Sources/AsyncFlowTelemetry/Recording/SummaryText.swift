/// A summary for people to read.
struct SummaryText {
    private let summary: TelemetrySummary

    init(_ summary: TelemetrySummary) { self.summary = summary }

    var text: String {
        var lines = [counts, time]
        if let durations = summary.durations { lines.append(self.durations(durations)) }
        let waits = self.waits
        if !waits.isEmpty { lines.append("waited: " + waits.joined(separator: ", ")) }
        if summary.cpuSeconds > 0 {
            lines.append(
                "commands: \(TextFormat.seconds(summary.cpuSeconds)) of CPU time, "
                    + "at most \(TextFormat.bytes(Double(summary.peakMemoryBytes)))")
        }
        lines += table
        if let recorded = summary.recordedEvents { lines.append("recorded: \(TextFormat.count(recorded)) events") }
        if summary.unrecordedEvents > 0 {
            lines.append("missing in the recording: \(TextFormat.count(summary.unrecordedEvents)) events")
        }
        if summary.droppedEvents > 0 {
            lines.append("\(TextFormat.count(summary.droppedEvents)) events are missing in this summary")
        }
        return lines.joined(separator: "\n")
    }

    private var counts: String {
        let counts = summary.counts
        let parts = [
            (counts.done, "done"), (counts.failed, "failed"), (counts.cancelled, "cancelled"),
            (counts.running, "running"), (counts.queued, "queued"), (counts.waiting, "waiting"),
        ]
        let states = parts.filter { $0.0 > 0 }.map { "\(TextFormat.count($0.0)) \($0.1)" }
        return "\(TextFormat.count(counts.created)) tasks"
            + (states.isEmpty ? "" : ": " + states.joined(separator: ", "))
            + (counts.reused > 0 ? "; \(TextFormat.count(counts.reused)) with a value of an earlier run" : "")
    }

    private var time: String {
        "\(TextFormat.seconds(summary.elapsed)), \(TextFormat.decimal(summary.throughput)) tasks/s, "
            + "\(TextFormat.decimal(summary.meanCores)) cores in use on average, \(TextFormat.count(summary.peakCores)) at most"
    }

    private func durations(_ durations: TelemetrySummary.Durations) -> String {
        let parts = [
            ("mean", durations.mean), ("median", durations.median), ("p95", durations.p95), ("p99", durations.p99),
            ("max", durations.maximum),
        ]
        return "durations: " + parts.map { "\($0.0) \(TextFormat.seconds($0.1))" }.joined(separator: ", ")
    }

    private var waits: [String] {
        let waits = summary.waits
        return [
            ("dependencies", waits.dependencies), ("workers", waits.workers), ("resources", waits.resources),
            ("limit", waits.limit), ("rate", waits.rate), ("retry", waits.retry),
        ].filter { $0.1 > 0 }.map { "\(TextFormat.seconds($0.1)) for \($0.0)" }
    }

    private var table: [String] {
        guard !summary.names.isEmpty else { return [] }
        var table = TextTableLayout(["name", "done", "failed", "cancelled", "mean", "median", "p95", "max"])
        for name in summary.names {
            func text(_ value: Double?) -> String { value.map { TextFormat.seconds($0) } ?? "–" }
            table.rows.append([
                TextFormat.oneLine(name.name, 40), TextFormat.count(name.counts.done),
                TextFormat.count(name.counts.failed),
                TextFormat.count(name.counts.cancelled), text(name.durations?.mean), text(name.durations?.median),
                text(name.durations?.p95), text(name.durations?.maximum),
            ])
        }
        return table.lines
    }
}
