import ArgumentParser
import AsyncFlowTelemetry

struct TraceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "A trace in the Chrome trace event format, which https://ui.perfetto.dev opens.")

    @OptionGroup var input: RecordingArguments
    @OptionGroup var target: OutputArguments

    @Option(help: "The maximum number of arrows from dependencies.")
    var arrows = 10_000

    func validate() throws {
        guard arrows >= 0 else { throw ValidationError("--arrows must be at least 0, got \(arrows).") }
    }

    func run() throws {
        try input.check(output: target.output)
        try endingWithCode {
            let file = try input.read()
            var options = TraceReport.Options()
            options.arrowLimit = arrows
            try report(to: target.output) { TraceReport.write(file.model, options: options, to: $0) }
        }
    }
}
