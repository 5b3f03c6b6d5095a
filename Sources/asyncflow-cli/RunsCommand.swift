import ArgumentParser
import AsyncFlowTelemetry

struct RunsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "The recordings in a folder: when each run started, how long it took, and how its tasks ended.",
        discussion: """
            Recordings are files named *.telemetry.jsonl or *.telemetry.jsonl.gz, also in folders in the folder.
            """)

    @Argument(help: "The folder.", completion: .directory)
    var folder = "."

    @OptionGroup var target: OutputArguments

    @Flag(help: "Write JSON, for programs.")
    var json = false

    private func read() throws -> RunListReport {
        do throws(RunFileError) {
            return try RunListReport(folder: folder)
        } catch {
            throw Failure(error)
        }
    }

    func run() throws {
        try endingWithCode {
            let list = try read()
            if list.rows.isEmpty {
                Messages.note("There is no recording in '\(folder)': none is named *.telemetry.jsonl.")
            }
            if list.isCut { Messages.note("'\(folder)' has more entries than were examined: name a folder in it.") }
            try report(to: target.output) { output in
                var output = output
                if json { return list.writeJSON(to: output) }
                list.writeText(to: &output)
                return output
            }
        }
    }
}
