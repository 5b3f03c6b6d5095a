import ArgumentParser
import AsyncFlow
import AsyncFlowBase
import AsyncFlowFlowFile
import AsyncFlowPlan
import AsyncFlowTelemetry

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs a flow file, and prints its outputs as JSON.",
        discussion: """
            The run's directory, .asyncflow/runs/<flow>-<date>-<number>, has its recording, the directories of its tasks and its \
            outputs; 'latest' leads to the last one. ASYNCFLOW_RUNS names another place for runs.

            Exit codes: 0 done; 1 steps failed; 64 wrong usage; 65 the file is wrong; 66 there is no such file; 69 a backend \
            can't be used; 73 the run's directory can't be written; 130, 143 ended by a signal.

            All keys of flow files: asyncflow schema --keys
            """)

    @OptionGroup var flow: FlowArguments

    @Option(name: [.short, .long], help: "How many cores of this machine are used at most.")
    var jobs: Int?

    @Flag(name: [.short, .long], help: "After a failure, still begin what doesn't depend on it.")
    var keepGoing = false

    @Flag(help: "Show progress as lines.")
    var plain = false

    @Flag(name: [.short, .long], help: "Show no progress.")
    var quiet = false

    @Option(help: ArgumentHelp("Write a report of the run as an HTML page.", valueName: "file"))
    var report: String?

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs takes a number of 1 or more.") }
    }

    func run() async throws {
        guard let (file, plan) = try FlowLoader(profiles: flow.profiles).load(flow.file) else {
            throw FlowExit.wrongFile
        }
        let given: [String: Value]
        do throws(ValueError) { given = try FlowLoader.parameters(flow.parameters, for: file.plan) } catch {
            throw FlowExit.because(error.description, FlowExit.usage)
        }
        var session = FlowSession(file, plan)
        session.jobs = jobs
        session.keepsGoing = keepGoing
        session.progress = quiet ? .off : plain ? .plain : .automatic
        session.report = report
        session.again = "asyncflow run \(flow.file)"
        try await session.run(given)
    }
}
