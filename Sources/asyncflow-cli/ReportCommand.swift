import ArgumentParser
import AsyncFlowTelemetry

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "The run as a web page in one file: progress, timeline, graph, curves, failures, analysis, tasks.")

    @OptionGroup var input: RecordingArguments
    @OptionGroup var target: OutputArguments

    @Flag(help: "Writes what the page shows as JSON instead of the page.")
    var data = false

    func run() throws {
        try input.check(output: target.output)
        try endingWithCode {
            let file = try input.read()
            try report(to: target.output) { output in
                if data { return PageData(of: file.model, isLive: false).write(to: output, includingTasks: true) }
                return try HTMLReport.write(file.model, template: RunPage.template(), to: output)
            }
        }
    }
}
