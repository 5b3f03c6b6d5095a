import ArgumentParser
import AsyncFlowTelemetry

struct GraphCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph",
        abstract: "The graph of the run's tasks, for Graphviz or Mermaid, or as a picture.",
        discussion: "With more tasks than --limit, tasks of the same name become one node.")

    @OptionGroup var input: RecordingArguments
    @OptionGroup var target: OutputArguments

    @Option(help: "dot (Graphviz), mermaid or svg.")
    var format = GraphReport.Format.dot

    @Option(help: "The maximum number of nodes.")
    var limit = 500

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit must be at least 1, got \(limit).") }
    }

    func run() throws {
        try input.check(output: target.output)
        try endingWithCode {
            let file = try input.read()
            let text = GraphReport.text(RunGraph(of: file.model, limit: limit), as: format)
            try report(to: target.output) { output in
                var output = output
                output.write(text: text)
                return output
            }
        }
    }
}

extension GraphReport.Format: ExpressibleByArgument {}
