public import AsyncFlow
import AsyncFlowBase
import Foundation
import Logging
import Synchronization

/// A backend that runs each command as a Slurm job. Equal tasks that are called at the same time form one array.
///
/// ```swift
/// let cluster = SlurmBackend(partition: "main", account: "physics", time: .seconds(3600))
/// try await withWorkflowEngine(backends: [cluster, LocalBackend()]) { flow in … }
/// ```
///
/// The engine's work directory must be in a file system that the cluster's nodes see under the same path.
public final class SlurmBackend: CommandBackend {
    public let name: String
    public var reportsStart: Bool { true }
    /// The options of every job, unless its task overrides them.
    public let options: SlurmOptions
    private let settings: Settings
    private let controller: any JobController
    private struct State {
        /// The driver of each engine that has run tasks.
        var drivers: [String: JobDriver] = [:]
        /// Of the jobs of earlier runs, by the beginning of their names.
        var leftJobs: [String: LeftJobs] = [:]
        /// The number of engines that have started the backend and not shut it down.
        var users = 0
        var driverCount = 0
    }
    private let state = Lock(State())
    private let lastKey = Atomic<UInt64>(0)
    /// Unique to this process, so that its jobs can be recognised.
    private let token = String(UInt64.random(in: 0 ... .max), radix: 36)

    /// The settings of a ``SlurmBackend`` for the cluster.
    public struct Settings: Sendable, Hashable {
        /// The folder of `sbatch`, `squeue`, `scancel` and `sacct`; nil, the default, for `PATH`.
        public var programFolder: String?
        /// Environment variables for these programs, such as `SLURM_CONF`. Jobs inherit them.
        ///
        /// Variables of this process that affect Slurm's programs are withheld from them and from jobs: see
        /// <doc:Slurm>.
        public var environment: [String: String] = [:]
        /// The maximum number of tasks of an array; 1000 by default. It must be less than the cluster's `MaxArraySize`.
        public var arraySize = 1000
        /// The time between two queries of the queue while something happens there; half a second by default, at least
        /// 10 ms.
        public var shortestPoll: Duration = .milliseconds(500)
        /// The time between two queries of the queue while nothing happens there; 15 seconds by default.
        public var longestPoll: Duration = .seconds(15)
        /// The time for which the controller may be unreachable before tasks that couldn't be submitted fail; 10
        /// minutes by default.
        public var outagePatience: Duration = .seconds(600)
        /// The time limit of a call of one of the programs; a minute by default.
        public var commandPatience: Duration = .seconds(60)

        /// The maximum number of tasks of an array, within Slurm's bounds.
        package var boundedArraySize: Int { min(max(1, arraySize), SlurmNumber.indices.upperBound) }

        public init() {}
    }

    /// - Parameters:
    ///   - name: the name for `.on("slurm")`.
    ///   - partition: `--partition` of all jobs; the cluster's default if nil.
    ///   - account: `--account`.
    ///   - qos: `--qos`.
    ///   - time: `--time`.
    ///   - nodes: `--nodes`.
    ///   - constraint: `--constraint`.
    ///   - extraArguments: arguments for `sbatch`, unchanged.
    ///   - settings: the settings for the cluster.
    public convenience init(
        name: String = "slurm", partition: String? = nil, account: String? = nil, qos: String? = nil,
        time: Duration? = nil, nodes: Int? = nil, constraint: String? = nil, extraArguments: [String] = [],
        settings: Settings = Settings()
    ) {
        self.init(
            name: name,
            options: SlurmOptions(
                partition: partition, account: account, qos: qos, time: time, nodes: nodes, constraint: constraint,
                extraArguments: extraArguments), settings: settings)
    }

    /// - Parameters:
    ///   - name: the name for `.on("slurm")`.
    ///   - options: the options of every job, unless its task overrides them.
    ///   - settings: the settings for the cluster.
    public convenience init(name: String = "slurm", options: SlurmOptions, settings: Settings = Settings()) {
        let programs = SlurmPrograms(
            folder: settings.programFolder, environment: settings.environment, patience: settings.commandPatience)
        self.init(name: name, options: options, settings: settings, controller: programs)
    }

    package init(name: String, options: SlurmOptions, settings: Settings, controller: any JobController) {
        self.name = name
        self.options = options
        self.settings = settings
        self.controller = controller
    }

    /// - Throws: `CommandError` if Slurm's programs are missing; ``SlurmJobError`` if the options make no sense.
    public func start() async throws {
        if let problem = options.problem { throw SlurmJobError(.unusable, detail: problem) }
        try await controller.check()
        state.withLock { $0.users += 1 }
    }

    /// Runs a command as a job until its end. If cancelled, it returns when Slurm has ended the job; the job's
    /// processes receive SIGTERM and, after the cluster's `KillWait`, SIGKILL.
    ///
    /// - Throws: `CommandError` if the command itself failed, ``SlurmJobError`` if Slurm ended or refused it,
    ///   `CancellationError` if it was cancelled.
    public func execute(_ request: CommandRequest) async throws -> CommandResult {
        try Task.checkCancellation()
        let command = request.command
        try command.validate()
        if request.watcher != nil {
            throw SlurmJobError(
                .unusable, detail: "a service must run where its users can reach it: use another backend")
        }
        let chosen = options.overridden(by: request.task.backendOption(SlurmOptions.self))
        if let problem = chosen.problem { throw SlurmJobError(.unusable, detail: problem) }
        let asked = JobRequest(chosen, request.resources, isParallel: request.isParallel)
        if let problem = controller.problem(asked) { throw SlurmJobError(.unusable, detail: problem) }
        let folder = try Self.folder(in: request.task.makeRunDirectory(), name)
        let files = JobFiles(folder: folder)
        let key = lastKey.add(1, ordering: .relaxed).newValue
        try files.write(key, request, cores: max(1, request.resources.cores ?? 1))
        let driver = driver(of: request.task, files)
        // Before there can be a job: what isn't known to have been submitted could be submitted twice.
        try await request.keep(ticket: JobTicket(folder: folder, prefix: driver.prefix, key: key).bytes)
        let outcome = await driver.run(key, request, asked)
        defer { request.whenRecorded { files.remove(key) } }
        return try result(outcome, key, request, files)
    }

    /// Releases everything, once every engine that started the backend has called this.
    public func shutdown() async {
        let unused = state.withLock { state -> [JobDriver] in
            state.users -= 1
            guard state.users <= 0 else { return [] }
            defer { (state.users, state.drivers, state.leftJobs) = (0, [:], [:]) }
            return Array(state.drivers.values) + state.leftJobs.values.map(\.driver)
        }
        for driver in unused { await driver.stop() }
        await controller.shutdown()
    }

    private static func folder(in runDirectory: String, _ name: String) throws -> String {
        let path = URL(filePath: runDirectory).appending(path: name).absoluteURL.path
        do { try PrivateDirectory.createPath(path) } catch {
            throw SlurmJobError(.unwritable, detail: "the folder \(path): \(error)")
        }
        return path
    }

    /// The jobs of an earlier run.
    struct LeftJobs: Sendable {
        var driver: JobDriver
        var lists: SubmissionLists
    }

    func leftJobs(_ ticket: JobTicket, _ files: JobFiles) -> LeftJobs {
        if let known = state.withLock({ $0.leftJobs[ticket.prefix] }) { return known }
        let lists = SubmissionLists(in: ticket.folder, prefix: ticket.prefix)
        let driver = JobDriver(
            controller, files, prefix: ticket.prefix, limits, Logger(label: "asyncflow.slurm"))
        return state.withLock { state in
            if let known = state.leftJobs[ticket.prefix] { return known }
            let made = LeftJobs(driver: driver, lists: lists)
            state.leftJobs[ticket.prefix] = made
            return made
        }
    }

    private var limits: JobMachine.Limits {
        let shortest = max(.milliseconds(10), settings.shortestPoll.bounded)
        return JobMachine.Limits(
            arraySize: settings.boundedArraySize, shortestPoll: shortest,
            longestPoll: max(shortest, settings.longestPoll.bounded), outagePatience: settings.outagePatience.bounded)
    }

    private func driver(of task: TaskContext, _ files: JobFiles) -> JobDriver {
        state.withLock { state in
            if let driver = state.drivers[task.engineID] { return driver }
            // Each driver has a different prefix, because jobs of one that has ended may still be in the queue.
            state.driverCount += 1
            let driver = JobDriver(
                controller, files, prefix: "\(JobSubmission.namePrefix)\(token)-\(state.driverCount)", limits,
                Logger(label: "asyncflow.slurm"))
            state.drivers[task.engineID] = driver
            return driver
        }
    }

    func result(
        _ outcome: JobOutcome, _ key: UInt64, _ request: CommandRequest, _ files: JobFiles
    ) throws -> CommandResult {
        let (outputPath, errorPath) = files.outputPaths(key, request.output)
        let errorBytes = WrittenFile.tail(of: errorPath, limit: CommandRunner.standardErrorLimit)
        var output: [UInt8] = []
        if request.output == .memory {
            guard let whole = WholeFile.content(of: outputPath, upTo: request.outputLimit) else {
                throw CommandError(.outputTooLong(limit: request.outputLimit), request.command)
            }
            output = whole
        }
        output.withUnsafeBytes { if !$0.isEmpty { request.tap.receive($0, from: .standardOutput) } }
        if request.output == .memory {
            errorBytes.withUnsafeBytes { if !$0.isEmpty { request.tap.receive($0, from: .standardError) } }
        }
        request.tap.end()
        let errorTail = OutputText.tail(of: errorBytes, limit: CommandRunner.errorTailLimit)
        switch outcome {
        case .cancelled, .gone: throw CancellationError()
        case .failed(let reason, let id, let detail):
            throw SlurmJobError(reason, jobID: id, detail: detail, standardErrorTail: errorTail)
        case .ended(.exited(0), _):
            return CommandResult(standardOutput: output, standardErrorTail: OutputText.decoded(errorBytes))
        case .ended(let end, _):
            let reason: CommandError.Reason =
                switch end {
                case .exited(let code): .exited(code: code)
                case .signalled(let signal): .signalled(signal: signal)
                }
            let outputTail = errorTail.isEmpty ? OutputText.tail(of: output, limit: CommandRunner.errorTailLimit) : ""
            throw CommandError(reason, request.command, standardErrorTail: errorTail, standardOutputTail: outputTail)
        }
    }
}

extension SlurmBackend: DryRunnableBackend {
    package func dryRunDetail(of command: Command, resources: ResourceRequest, for task: TaskContext) -> String {
        let chosen = options.overridden(by: task.backendOption(SlurmOptions.self))
        let submission = JobSubmission(
            name: "\(JobSubmission.namePrefix)\(task.taskName)",
            request: JobRequest(chosen, resources, isParallel: task.isParallel), count: 1,
            folder: "<run directory>/\(name)", script: "<run directory>/\(name)/job.sh")
        let launch = task.isParallel ? "srun --ntasks=\(resources.ranks) " : ""
        return controller.description(of: submission) + ": " + launch + command.description
    }
}
