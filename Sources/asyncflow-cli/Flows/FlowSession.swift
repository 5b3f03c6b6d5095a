import ArgumentParser
import AsyncFlow
import AsyncFlowBase
import AsyncFlowFlowFile
import AsyncFlowJournal
import AsyncFlowPlan
import AsyncFlowSlurm
import AsyncFlowTelemetry

/// One run of a flow from the command line: its directory, engine, progress, and end.
struct FlowSession {
    let flow: FlowFile
    let plan: CheckedPlan
    var options: RunSettings
    /// The names of the profiles that the flow was read with.
    var profiles: [String] = []
    /// The run that is gone on with.
    var former: RunEntry?

    init(_ flow: FlowFile, _ plan: CheckedPlan, _ options: RunSettings) {
        self.flow = flow
        self.plan = plan
        self.options = options
    }

    /// Runs the flow and prints its outputs.
    ///
    /// - Throws: an `ExitCode` if it failed, after that was told.
    func run(_ given: [String: Value]) async throws {
        let interruption = Interruption()
        interruption.begin()
        let now = former.map { LocalTime(of: $0) } ?? .now
        let began = JournalTime.now
        let (directory, record, parameters) = try prepare(given, now)
        let made: FlowEngine
        do { made = try FlowEngine(self, directory) } catch {
            throw FlowExit.because("\(error)", FlowExit.unavailable)
        }
        let engine = made.engine
        let description = RunDescription(
            session: self, directory, now, parameters, began: began, journal: made.journal)
        do throws(ValueError) { try directory.write(description.value(state: "running"), to: "run.json") } catch {
            await engine.shutdown(.immediate)
            throw FlowExit.because(error.description, FlowExit.unwritable)
        }
        interruption.onFirst { number in
            FlowConsole.note(
                "ending what runs, because of \(number == SIGINT ? "Ctrl-C" : "signal \(number)"); once more ends it at once"
            )
            Task.detached { await engine.shutdown(.immediate) }
        }
        let telemetry: Telemetry
        let runner: PlanRunner
        do {
            runner = try PlanRunner(
                plan, on: engine, runOptions(directory, record), backends: Set(made.backends.map(\.name)))
            // Before anything is recorded.
            runner.readSecrets()
            telemetry = try engine.startTelemetry(.init(recording: .directory(directory.path)))
        } catch {
            await engine.shutdown(.immediate)
            throw FlowExit.because("\(error)", FlowExit.unavailable)
        }
        let events = options.writesEvents ? telemetry.recordingPath.map { EventCopier($0) } : nil
        engine.startProgress(ProgressConfiguration(style: options.progress))
        var outcome = await runner.run(parameters)
        await engine.shutdown(interruption.received == nil ? .drain : .immediate)
        events?.finish()
        if interruption.received != nil { outcome.state = .cancelled }
        if let report = options.report {
            do { try await telemetry.writeReport(to: report) } catch { FlowConsole.note("\(error)") }
        }
        try end(outcome, directory, description, interruption)
    }

    private func runOptions(_ directory: RunDirectory, _ record: Record) throws -> RunOptions {
        var options = RunOptions(saveDirectory: FlowLoader.currentDirectory, run: record)
        options.keepsGoing = self.options.keepsGoing
        options.window = flow.profile.backend == nil || flow.profile.backend == .local ? 256 : 2000
        options.timeOption = { .slurm(time: $0) }
        options.containerEngine = flow.profile.containerEngine
        if flow.profile.backend != nil, flow.profile.backend != .local { options.serviceHost = Self.hostName }
        if plan.usesCache { options.journalVersion = "run \(directory.name)" }
        options.prompts = FlowPrompts()
        options.asking = QuestionBox(directory.path, readsTerminal: self.options.progress != .off)
        return options
    }

    private func prepare(
        _ given: [String: Value], _ now: LocalTime
    ) throws -> (RunDirectory, Record, Record) {
        let files = LocalFiles(base: flow.plan.base)
        func run(_ name: String) -> Record {
            Record([("id", .string(name)), ("date", .string(now.date)), ("time", .string(now.time))])
        }
        // Before anything is made, so that a missing parameter leaves no directory.
        do throws(ValueError) { _ = try flow.plan.parameters(given, run: run(""), files: files) } catch {
            throw FlowExit.because(error.description, FlowExit.usage)
        }
        do throws(ValueError) {
            let directory: RunDirectory
            if let former {
                directory = try RunDirectory.reopen(former)
            } else {
                noteLostRun()
                directory = try RunDirectory.make(for: flow.plan.name, date: now.date)
            }
            let record = run(directory.name)
            return (directory, record, try flow.plan.parameters(given, run: record, files: files))
        } catch {
            throw FlowExit.because(error.description, FlowExit.unwritable)
        }
    }

    /// Says so if the last run of the flow was cut off: a new one begins from nothing.
    private func noteLostRun() {
        guard let last = RunEntry("latest", in: RunDirectory.root), last.text("flow") == flow.plan.name,
            last.state == "lost"
        else { return }
        FlowConsole.note("the run before was cut off; to go on with it: asyncflow resume \(last.name)")
    }

    static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Tells how the run ended, and ends with the code for it.
    private func end(
        _ outcome: PlanRunner.Outcome, _ directory: RunDirectory, _ description: RunDescription,
        _ interruption: Interruption
    ) throws {
        do throws(ValueError) {
            try directory.write(description.value(state: outcome.state.rawValue, ended: .now), to: "run.json")
            if outcome.state == .succeeded { try directory.write(outcome.outputs, to: "outputs.json") }
        } catch {
            FlowConsole.note(error.description)
        }
        let tolerated = outcome.failures.count { $0.isTolerated }
        if tolerated > 0 { FlowConsole.note("\(tolerated) tolerated failure\(tolerated == 1 ? "" : "s")") }
        let goOn = "to go on with it: asyncflow resume \(directory.name)"
        switch outcome.state {
        case .succeeded:
            if !plan.body.outputs.isEmpty {
                FlowConsole.print(JSONText.text(of: outcome.outputs, indent: options.writesEvents ? nil : 2) + "\n")
            }
        case .failed:
            tellFailures(outcome)
            FlowConsole.note("the run failed; what there is of it is in \(directory.path); \(goOn)")
            throw FlowExit.failed
        case .cancelled:
            FlowConsole.note("the run was ended; what there is of it is in \(directory.path); \(goOn)")
            if let number = interruption.received { Interruption.end(by: number) }
            throw FlowExit.failed
        }
    }

    private func tellFailures(_ outcome: PlanRunner.Outcome) {
        let redactor = SecretRedactor(WithheldEnvironment.knownSecrets)
        let failures = outcome.failures.filter { !$0.isTolerated }
        for failure in failures.prefix(3) {
            FlowConsole.note(redactor.redact("'\(failure.step)' failed: \(failure.error)"))
        }
        if failures.count > 3 { FlowConsole.note("and \(failures.count - 3) more failures") }
        if failures.isEmpty, let error = outcome.error { FlowConsole.note(redactor.redact("\(error)")) }
    }
}

/// The choices for one run that aren't part of the flow.
struct RunSettings: Sendable {
    var jobs: Int?
    var keepsGoing = false
    var progress = ProgressConfiguration.Style.automatic
    var report: String?
    /// Whether the recording's events are written to standard output.
    var writesEvents = false
    /// The steps whose results are all that is wanted; all if empty.
    var until: [String] = []
    /// Whether nothing that the journal knows is used.
    var isFresh = false
    /// The steps that run again whatever the journal knows.
    var rerun: [String] = []
}

extension CheckedPlan {
    /// Whether later runs may take results of this one.
    var usesCache: Bool { body.allSteps.contains { $0.step.policy.isCached == true } }
}
