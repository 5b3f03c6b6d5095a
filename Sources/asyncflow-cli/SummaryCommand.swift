import ArgumentParser
import AsyncFlowTelemetry

struct SummaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary",
        abstract: "Counts, durations, waits, the critical path, failures, and what would have shortened the run.")

    @OptionGroup var input: RecordingArguments
    @OptionGroup var target: OutputArguments

    @Flag(help: "Write JSON, for programs.")
    var json = false

    func run() throws {
        try input.check(output: target.output)
        try endingWithCode {
            let file = try input.read()
            let summary = SummaryReport(of: file.model, notes: file.notes.sentences)
            try report(to: target.output) { output in
                var output = output
                if json { return summary.writeJSON(to: output) }
                summary.writeText(to: &output)
                return output
            }
        }
    }
}
