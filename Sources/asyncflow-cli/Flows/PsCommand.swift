import ArgumentParser
import AsyncFlowBase
import AsyncFlowPlan

struct PsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ps", abstract: "The runs of flows in .asyncflow/runs, the newest first.")

    @Flag(help: "Only runs that are still going on.")
    var running = false

    @Flag(help: "Write JSON, for programs.")
    var json = false

    func run() throws {
        var entries = RunEntry.all(in: RunDirectory.root)
        if running { entries = entries.filter { $0.state == "running" } }
        if json {
            let rows = entries.map { entry in
                Value.record(
                    Record([
                        ("name", .string(entry.name)), ("state", .string(entry.state)),
                        ("started", .string(entry.text("started"))),
                        ("ended", .string(entry.text("ended"))), ("path", .string(entry.path)),
                    ]))
            }
            FlowConsole.print(JSONText.text(of: .list(rows), indent: 2) + "\n")
            return
        }
        if entries.isEmpty { FlowConsole.note("there is no run in \(RunDirectory.root)") }
        let width = entries.map { DisplayText.width(of: $0.name.harmless()) }.max() ?? 0
        for entry in entries {
            let name = DisplayText.padded(entry.name.harmless(), to: width)
            FlowConsole.print(
                "\(name)  \(DisplayText.padded(entry.state.harmless(), to: 9))  \(entry.text("started").harmless())\n")
        }
        if let lost = entries.first(where: { $0.state == "lost" }) {
            FlowConsole.note("'\(lost.name)' was cut off; to go on with it: asyncflow resume \(lost.name)")
        }
    }
}
