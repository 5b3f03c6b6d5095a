/// A comparison of two runs: for each name the number of tasks, how long they ran, the resources they used, and what
/// got slower.
package struct ComparisonReport {
    /// All tasks of one name, in both runs.
    package struct Row: Sendable {
        package let name: String
        package let counts: (before: Int, after: Int)
        package let failed: (before: Int, after: Int)
        /// The statistics of the durations; nil if no task has run.
        package let durations: (before: DurationStatistics?, after: DurationStatistics?)
        package let cpuSeconds: (before: Double, after: Double)
        package let peakMemoryBytes: (before: Double, after: Double)

        /// The change of the mean duration as a factor; nil unless both are known.
        package var factor: Double? {
            guard let before = durations.before?.mean, let after = durations.after?.mean, before > 0 else { return nil }
            return after / before
        }
        /// The seconds by which the total time of the tasks has grown.
        package var change: Double { (durations.after?.sum ?? 0) - (durations.before?.sum ?? 0) }
    }

    private let before: RunModel
    private let after: RunModel
    private let occupancies: (before: Occupancy, after: Occupancy)
    /// The rows, those whose total time has changed most first.
    package let rows: [Row]
    private static let rowLimit = 40

    package init(of before: RunModel, and after: RunModel) {
        self.before = before
        self.after = after
        occupancies = (Occupancy(of: before), Occupancy(of: after))
        let (old, new) = (Self.facts(before), Self.facts(after))
        let names = Set(old.keys).union(new.keys)
        rows = names.map { name in
            let (was, is_) = (old[name], new[name])
            return Row(
                name: String(decoding: name, as: UTF8.self),
                counts: (was?.facts.counts.reduce(0, +) ?? 0, is_?.facts.counts.reduce(0, +) ?? 0),
                failed: (
                    was?.facts.counts[Int(RunState.failed.rawValue)] ?? 0,
                    is_?.facts.counts[Int(RunState.failed.rawValue)] ?? 0
                ),
                durations: (was?.durations, is_?.durations),
                cpuSeconds: (was?.facts.cpuSeconds ?? 0, is_?.facts.cpuSeconds ?? 0),
                peakMemoryBytes: (was?.facts.peakMemoryBytes ?? 0, is_?.facts.peakMemoryBytes ?? 0))
        }.sorted { (abs($1.change), $0.name) < (abs($0.change), $1.name) }
    }

    /// Returns the facts by the bytes of the names, as texts that only look the same are different names.
    private static func facts(
        _ model: RunModel
    ) -> [[UInt8]: (facts: RunNameFacts, durations: DurationStatistics?)] {
        let durations = model.durationsByName()
        var result: [[UInt8]: (RunNameFacts, DurationStatistics?)] = [:]
        for (index, facts) in model.names.enumerated() where facts.counts.reduce(0, +) > 0 {
            result[Array(model.texts[facts.text].utf8)] = (facts, durations[index])
        }
        return result
    }

    // MARK: Text

    package func writeText(to output: inout ReportOutput) {
        var lines = totals
        lines += [""] + table + [""] + slower
        output.write(text: lines.joined(separator: "\n") + "\n")
    }

    private static func change(_ before: Double, _ after: Double) -> String {
        guard before > 0, after.isFinite else { return "–" }
        let part = after / before - 1
        return (part >= 0 ? "+" : "") + TextFormat.percent(part)
    }

    private var totals: [String] {
        var table = TextTableLayout(["", "before", "after", "change"])
        func row(_ title: String, _ value: (RunModel, Occupancy) -> Double, _ text: (Double) -> String) {
            let (was, is_) = (value(before, occupancies.before), value(after, occupancies.after))
            table.rows.append([title, text(was), text(is_), Self.change(was, is_)])
        }
        func count(_ state: RunState) -> (RunModel, Occupancy) -> Double {
            { model, _ in Double(model.totals[Int(state.rawValue)]) }
        }
        let counts: (Double) -> String = { TextFormat.count(Int($0)) }
        row("time", { model, _ in model.lastTime }, TextFormat.seconds)
        row("tasks", { model, _ in Double(model.createdCount) }, counts)
        row("done", count(.done), counts)
        row("failed", count(.failed), counts)
        row("cancelled", count(.cancelled), counts)
        row("running on average", { $1.meanRunning }) { TextFormat.fixed($0, 1) }
        row("cores on average", { $1.meanCores }) { TextFormat.fixed($0, 1) }
        return table.lines
    }

    private func label(_ name: String) -> String { name.isEmpty ? "(unnamed)" : TextFormat.oneLine(name, 40) }

    private var table: [String] {
        var table = TextTableLayout(["name", "tasks", "", "mean", "", "change", "total", "", "memory", ""])
        for row in rows.prefix(Self.rowLimit) {
            func seconds(_ value: Double?) -> String { value.map { TextFormat.seconds($0) } ?? "–" }
            func bytes(_ value: Double) -> String { value > 0 ? TextFormat.bytes(value) : "–" }
            table.rows.append([
                label(row.name), TextFormat.count(row.counts.before), TextFormat.count(row.counts.after),
                seconds(row.durations.before?.mean), seconds(row.durations.after?.mean),
                Self.change(row.durations.before?.mean ?? 0, row.durations.after?.mean ?? .nan),
                seconds(row.durations.before?.sum), seconds(row.durations.after?.sum),
                bytes(row.peakMemoryBytes.before), bytes(row.peakMemoryBytes.after),
            ])
        }
        let more = rows.count - Self.rowLimit
        return ["By name, before and after:"] + table.lines
            + (more > 0 ? ["  … and \(TextFormat.count(more)) more names"] : [])
    }

    private var slower: [String] {
        let slower = rows.filter { ($0.factor ?? 0) > 1.05 && $0.change > 0 }
        guard !slower.isEmpty else { return ["No task became slower by more than 5 %."] }
        return ["Slower tasks:"]
            + slower.prefix(10).map { row in
                let factor = TextFormat.fixed(row.factor ?? 1, 2)
                return "  \(label(row.name)): \(factor) times as long on average, "
                    + "\(TextFormat.seconds(row.change)) more in all"
            }
    }

    // MARK: JSON

    package func writeJSON(to output: consuming ReportOutput) -> ReportOutput {
        var json = JSONWriter(output)
        json.object { json in
            json.field("version", 1)
            for (key, model, occupancy) in [
                ("before" as StaticString, before, occupancies.before), ("after", after, occupancies.after),
            ] {
                json.object(key) { json in
                    PageData.writeSession(model, &json)
                    PageData.writeTotals(model, &json)
                    json.field("mean_running", number: occupancy.meanRunning)
                    json.field("mean_cores", number: occupancy.meanCores)
                }
            }
            json.array("names") { json in
                for row in rows {
                    json.object { json in
                        json.field("name", row.name)
                        json.field("mean_factor", number: row.factor)
                        json.field("total_change_seconds", number: row.change)
                        for (key, counts, failed, durations, cpu, memory) in [
                            (
                                "before" as StaticString, row.counts.before, row.failed.before, row.durations.before,
                                row.cpuSeconds.before, row.peakMemoryBytes.before
                            ),
                            (
                                "after", row.counts.after, row.failed.after, row.durations.after, row.cpuSeconds.after,
                                row.peakMemoryBytes.after
                            ),
                        ] {
                            json.object(key) { json in
                                json.field("tasks", counts)
                                json.field("failed", failed)
                                json.field("mean", number: durations?.mean)
                                json.field("median", number: durations?.median)
                                json.field("p95", number: durations?.p95)
                                json.field("total", number: durations?.sum)
                                json.field("cpu_seconds", number: cpu)
                                json.field("peak_memory_bytes", number: memory)
                            }
                        }
                    }
                }
            }
        }
        var output = json.finish()
        output.write(0x0A)
        return output
    }
}
