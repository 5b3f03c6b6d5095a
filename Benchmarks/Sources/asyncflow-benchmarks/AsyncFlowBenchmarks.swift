import ArgumentParser
import AsyncFlowWorkers

@main
struct AsyncFlowBenchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "asyncflow-benchmarks",
        abstract: "Measures what a task costs: with AsyncFlow, with Swift concurrency by hand, with other engines.",
        discussion: """
            Tables for people come first, then one line `figure <name> <value> <unit>` per number for programs.
            """,
        subcommands: [
            EngineCommand.self, CommandsCommand.self, MemoryCommand.self, SchedulingCommand.self, ReportBenchmark.self,
            WorkersCommand.self, PeersCommand.self, MeasureCommand.self,
        ])

    static func main() async throws {
        try await WorkflowWorker.serveIfLaunchedAsOne(WorkerTasks.all)
        await main(nil)
    }
}

extension Workload: ExpressibleByArgument {
    /// Reads the name in either case.
    init?(argument: String) {
        self.init(rawValue: argument.uppercased())
    }
}

extension BodyKind: ExpressibleByArgument {}
