import ArgumentParser
import AsyncFlowFlowFile
import AsyncFlowPlan

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs a flow file, and prints its outputs as JSON.",
        discussion: """
            The run's directory, .asyncflow/runs/<flow>-<date>-<number>, has its recording, its journal, the directories \
            of its tasks and its outputs; 'latest' leads to the last one. ASYNCFLOW_RUNS names another place for runs. \
            What was done is kept: 'asyncflow resume', or 'run --resume', goes on where a run has failed or was cut off.

            Exit codes: 0 done; 1 steps failed; 64 wrong usage; 65 the file is wrong; 66 there is no such file; 69 a backend \
            can't be used; 73 the run's directory can't be written; 130, 143 ended by a signal.

            All keys of flow files: asyncflow schema --keys
            """)

    @OptionGroup var flow: FlowArguments
    @OptionGroup var settings: RunArguments

    @Flag(help: "Go on with the last run of the flow, if it hasn't succeeded.")
    var resume = false

    func run() async throws {
        guard let (file, plan) = try FlowLoader(profiles: flow.profiles).load(flow.file) else {
            throw FlowExit.wrongFile
        }
        if resume {
            let last = RunEntry.all(in: RunDirectory.root).first { $0.text("flow") == file.plan.name }
            if let last, last.state != "succeeded" {
                return try await ResumedRun(last, settings).run(adding: flow.parameters)
            }
            FlowConsole.note("there is no run of '\(file.plan.name)' to go on with: a new one begins")
        }
        let given: [String: Value]
        do throws(ValueError) { given = try FlowLoader.parameters(flow.parameters, for: file.plan) } catch {
            throw FlowExit.because(error.description, FlowExit.usage)
        }
        let options = settings.settings
        var session = FlowSession(file, try options.limited(plan), options)
        session.profiles = flow.profiles
        try await session.run(given)
    }
}
