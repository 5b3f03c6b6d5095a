import ArgumentParser
import AsyncFlowTelemetry

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Two runs side by side: tasks by name, their time and memory, and the slower tasks.")

    @Argument(help: "The recording of the run before.", completion: .file(extensions: ["jsonl", "gz"]))
    var before: String

    @Argument(help: "The recording of the run after.", completion: .file(extensions: ["jsonl", "gz"]))
    var after: String

    @OptionGroup var target: OutputArguments

    @Flag(help: "Write JSON, for programs.")
    var json = false

    func validate() throws {
        if before == "-", after == "-" {
            throw ValidationError("Only one of the recordings can be the standard input.")
        }
    }

    func run() throws {
        let inputs = [before, after].map { RecordingArguments(of: $0) }
        for input in inputs { try input.check(output: target.output) }
        try endingWithCode {
            let models = try inputs.map { try $0.read().model }
            let comparison = ComparisonReport(of: models[0], and: models[1])
            try report(to: target.output) { output in
                var output = output
                if json { return comparison.writeJSON(to: output) }
                comparison.writeText(to: &output)
                return output
            }
        }
    }
}
