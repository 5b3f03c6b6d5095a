import AsyncFlow
import ArgumentParser
import AsyncFlowFlowFile
import AsyncFlowPlan
import AsyncFlowTelemetry

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Shows what a flow would run, without running anything.",
        discussion: "The steps come in the order in which they can begin. Values that only a run makes stand as ${{ }}."
    )

    @OptionGroup var flow: FlowArguments

    @Option(help: ArgumentHelp("The graph of the steps instead: dot (Graphviz) or mermaid.", valueName: "format"))
    var graph: GraphFormat?

    enum GraphFormat: String, ExpressibleByArgument, CaseIterable { case dot, mermaid }

    func run() throws {
        guard let (file, plan) = try FlowLoader(profiles: flow.profiles).load(flow.file) else {
            throw FlowExit.wrongFile
        }
        let given: [String: Value]
        do throws(ValueError) { given = try FlowLoader.parameters(flow.parameters, for: file.plan) } catch {
            throw FlowExit.because(error.description, FlowExit.usage)
        }
        if let graph {
            FlowConsole.print(PlanGraph(plan.body).text(isMermaid: graph == .mermaid))
            return
        }
        FlowConsole.print(PlanText(file, plan, given: given).text)
    }
}
