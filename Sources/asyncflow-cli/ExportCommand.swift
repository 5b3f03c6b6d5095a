import ArgumentParser
import AsyncFlowBase
import AsyncFlowTelemetry

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "The run in a format of other programs: WfFormat, Nextflow's trace, RO-Crate, Graphviz.",
        discussion: """
            wfformat: a WfCommons instance (WfFormat 1.5): tasks, files with sizes, what each task took. nextflow-trace: the table \
            of `nextflow run -with-trace`. ro-crate: the metadata of a Process Run Crate 0.5; --output names its folder, which is \
            made. dot: the graph of all tasks for Graphviz.

            Commands stand there as the recording has them: without what it took for secrets.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case wfformat, dot
        case nextflowTrace = "nextflow-trace"
        case runCrate = "ro-crate"
    }

    @OptionGroup var input: RecordingArguments
    @OptionGroup var target: OutputArguments

    @Option(help: "The format: wfformat, nextflow-trace, ro-crate or dot.")
    var to: Format

    @Option(help: "For ro-crate: the URL of the license under which the crate is handed on.")
    var license: String?

    func validate() throws {
        if license != nil, to != .runCrate { throw ValidationError("--license is for --to ro-crate only.") }
    }

    /// The file that is written.
    private var path: String {
        to == .runCrate && target.output != "-" ? "\(target.output)/\(RunCrate.fileName)" : target.output
    }

    func run() throws {
        try input.check(output: path)
        try endingWithCode {
            let model = try input.read().model
            switch to {
            case .wfformat:
                let export = try instance(of: model)
                try report(to: path) { export.write(to: $0) }
            case .nextflowTrace: try report(to: path) { NextflowTrace(of: model).write(to: $0) }
            case .runCrate:
                try makeFolder()
                try report(to: path) { RunCrate(of: model, license: license).write(to: $0) }
            case .dot:
                let text = GraphReport.text(RunGraph(of: model, limit: .max), as: .dot)
                try report(to: path) { output in
                    var output = output
                    output.write(text: text)
                    return output
                }
            }
        }
    }

    private func instance(of model: RunModel) throws -> WfFormatExport {
        do {
            return try WfFormatExport(of: model)
        } catch {
            throw Failure(error)
        }
    }

    private func makeFolder() throws {
        guard target.output != "-" else { return }
        do {
            try PrivateDirectory.createPath(target.output)
        } catch {
            throw Failure(folder: target.output, error)
        }
    }
}
