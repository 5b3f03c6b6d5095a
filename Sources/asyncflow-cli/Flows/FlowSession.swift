import ArgumentParser
import AsyncFlow
import AsyncFlowBase
import AsyncFlowFlowFile
import AsyncFlowPlan
import AsyncFlowSlurm
import AsyncFlowTelemetry

/// One run of a flow from the command line: its directory, engine, progress, and end.
struct FlowSession {
    let flow: FlowFile
    let plan: CheckedPlan
    var jobs: Int?
    var keepsGoing = false
    var progress = ProgressConfiguration.Style.automatic
    var report: String?
    /// The command line that starts it again.
    var again = ""

    init(_ flow: FlowFile, _ plan: CheckedPlan) {
        self.flow = flow
        self.plan = plan
    }

    /// Runs the flow and prints its outputs.
    ///
    /// - Throws: an `ExitCode` if it failed, after that was told.
    func run(_ given: [String: Value]) async throws {
        let interruption = Interruption()
        interruption.begin()
        let now = LocalTime.now
        let (directory, record, parameters) = try prepare(given, now)
        let backends: [any Backend]
        do { backends = try FlowBackends(flow, plan, jobs: jobs).make() } catch {
            throw FlowExit.because("\(error)", FlowExit.unavailable)
        }
        var configuration = WorkflowEngine.Configuration()
        configuration.workDirectory = "\(directory.path)/tasks"
        // Steps wait for each other as the flow says, however long that takes.
        configuration.stallWarning = nil
        configuration.logger = .forFlows
        let engine: WorkflowEngine
        do { engine = try WorkflowEngine(configuration, backends: backends) } catch {
            throw FlowExit.because("\(error)", FlowExit.unavailable)
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
            telemetry = try engine.startTelemetry(.init(recording: .directory(directory.path)))
            var options = RunOptions(saveDirectory: FlowLoader.currentDirectory, run: record)
            options.keepsGoing = keepsGoing
            options.window = flow.profile.backend == nil || flow.profile.backend == .local ? 256 : 2000
            options.timeOption = { .slurm(time: $0) }
            runner = try PlanRunner(plan, on: engine, options, backends: Set(backends.map(\.name)))
        } catch {
            await engine.shutdown(.immediate)
            throw FlowExit.because("\(error)", FlowExit.unavailable)
        }
        engine.startProgress(ProgressConfiguration(style: progress))
        var outcome = await runner.run(parameters)
        await engine.shutdown(interruption.received == nil ? .drain : .immediate)
        if interruption.received != nil { outcome.state = .cancelled }
        if let report {
            do { try await telemetry.writeReport(to: report) } catch { FlowConsole.note("\(error)") }
        }
        try end(outcome, directory, now, interruption)
    }

    private func prepare(
        _ given: [String: Value], _ now: LocalTime
    ) throws -> (RunDirectory, Record, Record) {
        do throws(ValueError) {
            let draft = Record([("id", .string("")), ("date", .string(now.date)), ("time", .string(now.time))])
            // Before anything is made, so that a missing parameter leaves no directory.
            _ = try flow.plan.parameters(given, run: draft, files: LocalFiles(base: flow.plan.base))
        } catch {
            throw FlowExit.because(error.description, FlowExit.usage)
        }
        do throws(ValueError) {
            let directory = try RunDirectory.make(for: flow.plan.name, date: now.date)
            let run = Record([
                ("id", .string(directory.name)), ("date", .string(now.date)), ("time", .string(now.time)),
            ])
            let parameters = try flow.plan.parameters(given, run: run, files: LocalFiles(base: flow.plan.base))
            try directory.write(description(of: directory, now, state: "running", parameters), to: "run.json")
            return (directory, run, parameters)
        } catch {
            throw FlowExit.because(error.description, FlowExit.unwritable)
        }
    }

    private func description(
        of directory: RunDirectory, _ start: LocalTime, state: String, _ parameters: Record?, ended: LocalTime? = nil
    ) -> Value {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        var fields: [(String, Value)] = [
            ("name", .string(directory.name)), ("flow", .string(flow.plan.name)),
            ("file", .string(flow.plan.source.name)),
            ("state", .string(state)), ("started", .string("\(start.date)T\(start.time)")),
            ("pid", .int(Int(getpid()))),
            ("host", .string(String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))),
            ("directory", .string(FlowLoader.currentDirectory)),
        ]
        if let ended { fields.append(("ended", .string("\(ended.date)T\(ended.time)"))) }
        if let parameters { fields.append(("parameters", .record(parameters))) }
        return .record(Record(fields))
    }

    /// Tells how the run ended, and ends with the code for it.
    private func end(
        _ outcome: PlanRunner.Outcome, _ directory: RunDirectory, _ start: LocalTime, _ interruption: Interruption
    ) throws {
        do throws(ValueError) {
            try directory.write(
                description(of: directory, start, state: outcome.state.rawValue, nil, ended: .now), to: "run.json")
            if outcome.state == .succeeded { try directory.write(outcome.outputs, to: "outputs.json") }
        } catch {
            FlowConsole.note(error.description)
        }
        let tolerated = outcome.failures.count { $0.isTolerated }
        if tolerated > 0 { FlowConsole.note("\(tolerated) tolerated failure\(tolerated == 1 ? "" : "s")") }
        switch outcome.state {
        case .succeeded:
            if !flow.plan.body.outputs.isEmpty {
                FlowConsole.print(JSONText.text(of: outcome.outputs, indent: 2) + "\n")
            }
        case .failed:
            tellFailures(outcome)
            FlowConsole.note("the run failed; what there is of it is in \(directory.path)")
            throw FlowExit.failed
        case .cancelled:
            FlowConsole.note(
                "the run was ended; what there is of it is in \(directory.path); start it again with: \(again)")
            if let number = interruption.received { Interruption.end(by: number) }
            throw FlowExit.failed
        }
    }

    private func tellFailures(_ outcome: PlanRunner.Outcome) {
        let failures = outcome.failures.filter { !$0.isTolerated }
        for failure in failures.prefix(3) { FlowConsole.note("'\(failure.step)' failed: \(failure.error)") }
        if failures.count > 3 { FlowConsole.note("and \(failures.count - 3) more failures") }
        if failures.isEmpty, let error = outcome.error { FlowConsole.note("\(error)") }
    }
}

/// The time of this machine's clock and zone.
struct LocalTime {
    let date: String
    let time: String

    static var now: LocalTime {
        var seconds = AsyncFlowBase.time(nil)
        var parts = tm()
        localtime_r(&seconds, &parts)
        func digits(_ number: Int32, _ count: Int = 2) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        return LocalTime(
            date: "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1))-\(digits(parts.tm_mday))",
            time: "\(digits(parts.tm_hour)):\(digits(parts.tm_min)):\(digits(parts.tm_sec))")
    }
}

/// The backends that a flow runs on.
struct FlowBackends {
    private let flow: FlowFile
    private let jobs: Int?
    private let named: Set<String>

    init(_ flow: FlowFile, _ plan: CheckedPlan, jobs: Int?) {
        self.flow = flow
        self.jobs = jobs ?? flow.profile.jobs
        named = Self.names(plan.body).union(Self.names(plan.finally))
    }

    /// The backends that steps ask for by name.
    private static func names(_ body: CheckedBody) -> Set<String> {
        body.steps.reduce(into: []) { names, checked in
            if let name = checked.step.policy.backend?.name { names.insert(name) }
            if let inner = checked.inner { names.formUnion(Self.names(inner)) }
            if let module = checked.module { names.formUnion(Self.names(module.body)) }
        }
    }

    /// The first one is that of steps that don't say.
    func make() throws -> [any Backend] {
        let first = flow.profile.backend ?? .local
        var wanted = [first]
        for backend in [Profile.Backend.local, .slurm, .pilots] where backend != first {
            if backend == .local || named.contains(backend.rawValue) { wanted.append(backend) }
        }
        return try wanted.map { try make($0) }
    }

    private func make(_ backend: Profile.Backend) throws -> any Backend {
        switch backend {
        case .local: return LocalBackend(name: "local", capacity: ResourceCapacity(cores: jobs))
        case .slurm: return SlurmBackend(name: "slurm", options: options)
        case .pilots:
            if flow.profile.pilots.coresPerNode == nil,
                let pilot = SlurmPilotBackend.inCurrentAllocation(name: "slurm-pilot")
            {
                return pilot
            }
            guard let cores = flow.profile.pilots.coresPerNode else {
                throw ValueError(
                    "'slurm-pilot' needs 'pilots: {cores-per-node: …}' in the profile, outside of an allocation")
            }
            var settings = SlurmPilotBackend.Settings()
            settings.maximumPilots = flow.profile.pilots.atMost
            if let seconds = flow.profile.pilots.idleSeconds {
                settings.idleTimeout = Duration(roundedToNanoseconds: seconds)
            }
            return SlurmPilotBackend(
                name: "slurm-pilot", nodes: flow.profile.pilots.nodes, coresPerNode: cores, options: options,
                settings: settings)
        }
    }

    private var options: SlurmOptions {
        let slurm = flow.profile.slurm
        return SlurmOptions(
            partition: slurm.partition, account: slurm.account, qos: slurm.qos,
            time: slurm.seconds.map { Duration(roundedToNanoseconds: $0) }, nodes: slurm.nodes,
            constraint: slurm.constraint,
            reservation: slurm.reservation, exclusive: slurm.exclusive, extraArguments: slurm.extra)
    }
}
