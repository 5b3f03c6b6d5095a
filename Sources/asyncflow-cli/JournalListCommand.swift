import AsyncFlow
import ArgumentParser
import AsyncFlowBase
import AsyncFlowJournal
import AsyncFlowTelemetry

struct JournalListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "The recorded calls, in the order in which they ended.",
        discussion: "The last column shows what the call was made with: the parts of its key.")

    @OptionGroup var input: JournalArguments
    @OptionGroup var target: OutputArguments

    @Option(help: "Only calls of this task. May be given several times.")
    var task: [String] = []

    @Flag(help: "Only calls that failed.")
    var failed = false

    @Option(name: .customLong("run"), help: "Only calls that the run of this number has made.")
    var wantedRun: UInt64?

    @Option(help: "The maximum number of calls that are shown.")
    var limit: Int?

    func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit must be at least 0, got \(limit).") }
    }

    private func isWanted(_ entry: JournalEntry, _ contents: JournalContents) -> Bool {
        if failed, entry.record.kind != .failure { return false }
        if !task.isEmpty, !task.contains(entry.definition?.name ?? "") { return false }
        guard let wantedRun else { return true }
        return contents.runs.indices.contains(entry.run) && contents.runs[entry.run].run.generation == wantedRun
    }

    func run() throws {
        try endingWithCode {
            let contents = try input.read().contents
            for loss in contents.losses { Messages.note(loss.description) }
            var table = TextTableLayout(
                ["call", "run", "task", "state", "began", "took", "made with"], leftColumns: [0, 2, 3, 4, 6])
            contents.forEachCounting { entry in
                guard table.rows.count < limit ?? .max, isWanted(entry, contents) else { return }
                table.rows.append(row(of: entry, contents))
            }
            try report(to: target.output) { output in
                var output = output
                output.write(text: table.lines.joined(separator: "\n") + "\n")
                return output
            }
        }
    }

    private func row(of entry: JournalEntry, _ contents: JournalContents) -> [String] {
        var (began, took, parts) = ("", "", [KeyPart]())
        var call = ""
        if let header = entry.record.header { call = JournalText.short(header.call) }
        var remark = ""
        switch entry.record {
        case .result(let record):
            (began, took, parts) = (JournalText.date(record.began), JournalText.duration(record.duration), record.parts)
        case .failure(let record):
            (began, took, parts) = (JournalText.date(record.began), JournalText.duration(record.duration), record.parts)
            remark = record.error.message
        case .cancelled(let record): (began, remark) = (JournalText.date(record.time), record.reason)
        default: break
        }
        let made = (remark.isEmpty ? [] : [remark]) + parts.map { ($0.name.isEmpty ? "" : $0.name + "=") + $0.preview }
        let run = contents.runs.indices.contains(entry.run) ? "\(contents.runs[entry.run].run.generation)" : "?"
        return [
            call, run, JournalText.cell(entry.definition?.name ?? "?"), JournalText.state(entry.record), began, took,
            JournalText.cell(made.joined(separator: ", "), 60),
        ]
    }
}
