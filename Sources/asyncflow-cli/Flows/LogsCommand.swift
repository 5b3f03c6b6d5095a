import ArgumentParser
import AsyncFlowBase
import AsyncFlowJournal
import AsyncFlowPlan
import AsyncFlowTelemetry

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "The outputs of a run's steps, those that failed first.",
        discussion: """
            Of a step that has failed, its command, exit code and the end of what it wrote to standard error; of others, \
            what they wrote to standard output. With --follow, steps are shown as they end, until the run has.
            """)

    @Argument(help: "The run's name, or the path of its directory; the last one by default.")
    var name = "latest"

    @Argument(help: "Only this step.")
    var step: String?

    @Flag(name: [.short, .long], help: "Go on until the run has ended.")
    var follow = false

    @Flag(help: "Only what failed.")
    var failed = false

    @Option(help: "How many ended steps, or elements of them, are shown at most.")
    var limit = 1000

    func run() throws {
        let entry = try RunEntry.find(name)
        var shown: Set<String> = []
        while true {
            // Looked at before the journal is: what was recorded until then is shown.
            let goesOn = follow && RunEntry(entry.path, in: RunDirectory.root)?.isAlive == true
            let log = try RunLog(entry, step: step)
            let wanted = (log.failures + (failed ? [] : log.outputs)).filter { shown.insert($0.id).inserted }
            for part in wanted.prefix(limit) { FlowConsole.print(part.text) }
            if wanted.count > limit {
                FlowConsole.note("\(wanted.count - limit) more: name a step, or give --limit")
            }
            if !goesOn { break }
            usleep(500_000)
        }
        if shown.isEmpty {
            FlowConsole.note(
                step.map { "nothing of a step '\($0)' has ended in '\(entry.name)'" }
                    ?? "nothing has ended in '\(entry.name)'")
        }
    }
}
