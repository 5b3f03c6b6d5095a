import ArgumentParser
import AsyncFlowTelemetry

struct TraceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "A trace in the Chrome trace event format, which https://ui.perfetto.dev opens.")

    @OptionGroup var input: RecordingArguments
    @OptionGroup var target: OutputArguments

    @Option(help: "How many arrows from dependencies there are at most.")
    var arrows = 10_000

    func validate() throws {
        guard arrows >= 0 else { throw ValidationError("--arrows takes a number of 0 or more.") }
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
