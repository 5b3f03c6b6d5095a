import ArgumentParser
import AsyncFlowBase
import AsyncFlowFlowFile
import AsyncFlowPlan
import AsyncFlowTelemetry

/// A run that is gone on with.
struct ResumedRun {
    private let entry: RunEntry
    private let arguments: RunArguments

    init(_ entry: RunEntry, _ arguments: RunArguments) {
        self.entry = entry
        self.arguments = arguments
    }

    /// - Parameter words: parameters that take the place of those of the run.
    func run(adding words: [String]) async throws {
        if entry.isAlive {
            throw FlowExit.because(
                "'\(entry.name)' goes on already; 'asyncflow watch \(entry.name)' shows it", FlowExit.failed)
        }
        let file = entry.text("file")
        // Words of the command line are meant here, what the run has recorded there.
        let absolute = words.map { word in
            word.contains("=") ? word : PathText.absolute(word, base: FlowLoader.currentDirectory)
        }
        do throws(SystemError) { try retrying { chdir(entry.text("directory")) } } catch {
            throw FlowExit.because(
                "the directory of '\(entry.name)', \(entry.text("directory")), can't be entered: \(error)",
                FlowExit.noFile)
        }
        let profiles = entry.texts("profiles")
        guard let (flow, plan) = try FlowLoader(profiles: profiles).load(file) else { throw FlowExit.wrongFile }
        var given: [String: Value]
        do throws(ValueError) {
            given = try recorded(plan.plan)
            given.merge(try FlowLoader.parameters(absolute, for: plan.plan)) { _, new in new }
        } catch {
            throw FlowExit.because(error.description, FlowExit.usage)
        }
        var options = arguments.settings
        if options.jobs == nil, case .int(let jobs)? = entry.record["jobs"] { options.jobs = jobs }
        if case .bool(true)? = entry.record["keep_going"] { options.keepsGoing = true }
        if options.until.isEmpty { options.until = entry.texts("until") }
        var session = FlowSession(flow, try options.limited(plan), options)
        session.profiles = profiles
        session.former = RunEntry(entry.path, in: RunDirectory.root) ?? entry
        try await session.run(given)
    }

    /// The parameters of the run, as far as the flow still has them.
    private func recorded(_ plan: Plan) throws(ValueError) -> [String: Value] {
        guard case .record(let record)? = entry.record["parameters"] else { return [:] }
        var given: [String: Value] = [:]
        for parameter in plan.parameters {
            guard let value = record[parameter.name] else { continue }
            do throws(ValueError) {
                given[parameter.name] = try Conversion.convert(value, to: parameter.type, base: plan.base)
            } catch {
                throw ValueError(
                    "the parameter '\(parameter.name)' of the run doesn't fit any more: \(error); give it anew")
            }
        }
        return given
    }
}

/// Options of the verbs that run a flow.
struct RunArguments: ParsableArguments {
    @Option(name: [.short, .long], help: "How many cores of this machine are used at most.")
    var jobs: Int?

    @Flag(name: [.short, .long], help: "After a failure, still begin what doesn't depend on it.")
    var keepGoing = false

    @Flag(help: "Show progress as lines.")
    var plain = false

    @Flag(name: [.short, .long], help: "Show no progress.")
    var quiet = false

    @Flag(help: "Write the events of the run to standard output, one JSON object a line; the outputs come last.")
    var json = false

    @Option(help: ArgumentHelp("Write a report of the run as an HTML page.", valueName: "file"))
    var report: String?

    @Option(help: ArgumentHelp("Run only this step and what it needs. May be given several times.", valueName: "step"))
    var until: [String] = []

    @Flag(help: "Use nothing that was done before.")
    var fresh = false

    @Option(
        help: ArgumentHelp(
            "Run this step again, whatever was done before. May be given several times.", valueName: "step"))
    var rerun: [String] = []

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs must be at least 1, got \(jobs).") }
    }

    var settings: RunSettings {
        RunSettings(
            jobs: jobs, keepsGoing: keepGoing, progress: quiet ? .off : plain || json ? .plain : .automatic,
            report: report, writesEvents: json, until: until, isFresh: fresh, rerun: rerun)
    }
}

extension RunSettings {
    /// The part of a plan that is to run.
    ///
    /// - Throws: an `ExitCode` after it was told that there is no such step.
    func limited(_ plan: CheckedPlan) throws -> CheckedPlan {
        let names = plan.body.steps.map(\.step.name)
        for name in until where !names.contains(name) {
            throw FlowExit.because("there is no step '\(name)'\(Nearest.hint(name, names))", FlowExit.usage)
        }
        let all = plan.body.allSteps.map(\.step.name)
        for name in rerun where !all.contains(name) {
            throw FlowExit.because("there is no step '\(name)'\(Nearest.hint(name, all))", FlowExit.usage)
        }
        return until.isEmpty ? plan : plan.limited(to: Set(until)) ?? plan
    }
}
