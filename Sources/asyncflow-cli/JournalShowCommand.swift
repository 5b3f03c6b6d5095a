import ArgumentParser
import AsyncFlowBase
import AsyncFlowJournal
import AsyncFlowTelemetry

struct JournalShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "The journal's runs, and what is recorded of each task.")

    @OptionGroup var input: JournalArguments
    @OptionGroup var target: OutputArguments

    @Flag(help: "Write JSON, for programs.")
    var json = false

    /// The recorded calls of one task.
    struct Task {
        var definition: DefinitionRecord
        var done = 0
        var failed = 0
        var cancelled = 0
        var microseconds: UInt64 = 0
    }

    func run() throws {
        try endingWithCode {
            let contents = try input.read().contents
            let tasks = Self.tasks(of: contents)
            let writer = JournalStore.writer(of: input.journal)
            for loss in contents.losses { Messages.note(loss.description) }
            try report(to: target.output) { output in
                if json { return writeJSON(contents, tasks, writer, to: output) }
                var output = output
                output.write(text: text(contents, tasks, writer))
                return output
            }
        }
    }

    private static func tasks(of contents: JournalContents) -> [Task] {
        var tasks: [DefinitionRecord: Task] = [:]
        contents.forEachCounting { entry in
            guard let definition = entry.definition else { return }
            var task = tasks[definition] ?? Task(definition: definition)
            switch entry.record {
            case .result(let record):
                task.done += 1
                task.microseconds = task.microseconds.addingSaturated(record.duration)
            case .failure(let record):
                task.failed += 1
                task.microseconds = task.microseconds.addingSaturated(record.duration)
            default: task.cancelled += 1
            }
            tasks[definition] = task
        }
        return tasks.values.sorted { one, other in
            (one.definition.name, one.definition.version, one.definition.kind, one.definition.place)
                < (other.definition.name, other.definition.version, other.definition.kind, other.definition.place)
        }
    }

    private func text(_ contents: JournalContents, _ tasks: [Task], _ writer: String?) -> String {
        let size = contents.segmentSizes.reduce(UInt64(0)) { $0.addingSaturated($1.size) }
        let segments = contents.segmentSizes.count
        var text =
            "\(input.journal.harmless()): \(contents.callCount) recorded calls, "
            + "\(JournalText.bytes(size)) in \(segments) segment\(segments == 1 ? "" : "s")\n"
        if let writer { text += "being written by \(writer)\n" }
        var runs = TextTableLayout(
            ["run", "began", "ended", "ran", "reused", "failed", "program"], leftColumns: [1, 2, 6])
        for (place, (run, end)) in contents.runs.enumerated() {
            let isRunning = place == contents.runs.count - 1 && writer != nil
            runs.rows.append([
                "\(run.generation)", JournalText.date(run.began), JournalText.outcome(end, isRunning: isRunning),
                end.map { "\($0.ran)" } ?? "–", end.map { "\($0.reused)" } ?? "–", end.map { "\($0.failed)" } ?? "–",
                JournalText.cell(run.program),
            ])
        }
        if !runs.rows.isEmpty { text += "\n" + runs.lines.joined(separator: "\n") + "\n" }
        var table = TextTableLayout(
            ["task", "kind", "version", "done", "failed", "cancelled", "time"], leftColumns: [0, 1, 2])
        for task in tasks {
            table.rows.append([
                JournalText.cell(task.definition.name), JournalText.cell(task.definition.kind, 16),
                JournalText.cell(task.definition.version, 24), "\(task.done)", "\(task.failed)", "\(task.cancelled)",
                JournalText.duration(task.microseconds),
            ])
        }
        if !table.rows.isEmpty { text += "\n" + table.lines.joined(separator: "\n") + "\n" }
        return text
    }

    private func writeJSON(
        _ contents: JournalContents, _ tasks: [Task], _ writer: String?, to output: consuming ReportOutput
    ) -> ReportOutput {
        var json = JSONWriter(output)
        json.object { json in
            json.field("calls", contents.callCount)
            json.field("records", Int(clamping: contents.recordCount))
            json.field("bytes", Int(clamping: contents.segmentSizes.reduce(UInt64(0)) { $0.addingSaturated($1.size) }))
            json.field("segments", contents.segmentSizes.count)
            json.field("writer", writer)
            json.array("losses") { json in for loss in contents.losses { json.string(loss.description) } }
            json.array("runs") { json in
                for (place, (run, end)) in contents.runs.enumerated() {
                    json.object { json in
                        json.field("generation", Int(clamping: run.generation))
                        json.field("began", number: Double(run.began) / 1e6)
                        let isRunning = place == contents.runs.count - 1 && writer != nil
                        json.field("outcome", JournalText.outcome(end, isRunning: isRunning))
                        json.field("ran", end.map { Int(clamping: $0.ran) })
                        json.field("reused", end.map { Int(clamping: $0.reused) })
                        json.field("failed", end.map { Int(clamping: $0.failed) })
                        json.field("program", run.program)
                        json.field("directory", run.directory)
                        json.field("host", run.host)
                    }
                }
            }
            json.array("tasks") { json in
                for task in tasks {
                    json.object { json in
                        json.field("name", task.definition.name)
                        json.field("kind", task.definition.kind)
                        json.field("version", task.definition.version)
                        json.field("place", task.definition.place)
                        json.field("done", task.done)
                        json.field("failed", task.failed)
                        json.field("cancelled", task.cancelled)
                        json.field("seconds", number: Double(task.microseconds) / 1e6)
                    }
                }
            }
        }
        var output = json.finish()
        output.write(0x0A)
        return output
    }
}
