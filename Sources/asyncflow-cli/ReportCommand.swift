import ArgumentParser
import AsyncFlowTelemetry

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "The data of the run's page as JSON: totals, names, timeline, graph, failures, analysis, tasks.")

    @OptionGroup var input: RecordingArguments
    @OptionGroup var target: OutputArguments

    @Option(
        help: ArgumentHelp(
            "A page to put the data into, which contains '\(HTMLReport.placeholder)' once, within "
                + "<script type=\"application/json\">.", valueName: "file"),
        completion: .file(extensions: ["html"]))
    var template: String?

    func run() throws {
        try input.check(output: target.output)
        try endingWithCode {
            let page = try template.map(readTemplate)
            let file = try input.read()
            try report(to: target.output) { output in
                guard let page else {
                    return PageData(of: file.model, isLive: false).write(to: output, includingTasks: true)
                }
                return try HTMLReport.write(file.model, template: page, to: output)
            }
        }
    }
}
