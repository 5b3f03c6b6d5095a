public import AsyncFlow
import Foundation
import Logging
import Synchronization

/// Runs each command as a job of Slurm. Tasks that are alike and called at the same time become one array.
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
    /// What every job asks for unless its task says otherwise.
    public let options: SlurmOptions
    private let settings: Settings
    private let controller: any JobController
    private let drivers = Mutex<[String: JobDriver]>([:])
    private let lastKey = Atomic<UInt64>(0)
    /// Told apart from every other program that ever submitted a job.
    private let token = String(UInt64.random(in: 0 ... .max), radix: 36)

    /// How a ``SlurmBackend`` deals with the cluster.
    public struct Settings: Sendable, Hashable {
        /// Where `sbatch`, `squeue`, `scancel` and `sacct` are; nil, the default, for `PATH`.
        public var programFolder: String?
        /// Environment variables for these programs, such as `SLURM_CONF`.
        public var environment: [String: String] = [:]
        /// How many tasks an array may have; 1000 by default. Not more than the cluster's `MaxArraySize` less one.
        public var arraySize = 1000
        /// How often the queue is asked when something happens there; every half second by default.
        public var shortestPoll: Duration = .milliseconds(500)
        /// How often it is asked when nothing happens; every 15 seconds by default.
        public var longestPoll: Duration = .seconds(15)
        /// How long the controller may be unreachable before what couldn't be submitted fails; 10 minutes by default.
        public var outagePatience: Duration = .seconds(600)
        /// How long one of the programs may take; a minute by default.
        public var commandPatience: Duration = .seconds(60)

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
    ///   - extraArguments: arguments for `sbatch`, as they are.
    ///   - settings: how it deals with the cluster.
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
    ///   - options: what every job asks for unless its task says otherwise.
    ///   - settings: how it deals with the cluster.
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

    /// - Throws: `CommandError` if Slurm's programs aren't there; ``SlurmJobError`` if the options make no sense.
    public func start() async throws {
        if let problem = options.problem { throw SlurmJobError(.unusable, detail: problem) }
        try await controller.check()
    }

    /// Runs a command as a job to its end. Cancelled, it returns when Slurm has ended the job; its processes get SIGTERM
    /// and, after the cluster's own `KillWait`, SIGKILL.
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
        let outcome = await driver(of: request.task, files).run(key, request, asked)
        defer { files.remove(key) }
        return try result(outcome, key, request, files)
    }

    public func shutdown() async {
        for driver in drivers.withLock({ Array($0.values) }) { await driver.stop() }
        await controller.shutdown()
    }

    private static func folder(in runDirectory: String, _ name: String) throws -> String {
        let url = URL(filePath: runDirectory).appending(path: name)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url.absoluteURL.path
    }

    private func driver(of task: TaskContext, _ files: JobFiles) -> JobDriver {
        let limits = JobMachine.Limits(
            arraySize: settings.arraySize, shortestPoll: settings.shortestPoll, longestPoll: settings.longestPoll,
            outagePatience: settings.outagePatience)
        return drivers.withLock { drivers in
            if let driver = drivers[task.engineID] { return driver }
            let driver = JobDriver(
                controller, files, prefix: "\(JobSubmission.namePrefix)\(token)-\(drivers.count)", limits,
                Logger(label: "asyncflow.slurm")
            )
            drivers[task.engineID] = driver
            return driver
        }
    }

    private func result(
        _ outcome: JobOutcome, _ key: UInt64, _ request: CommandRequest, _ files: JobFiles
    ) throws -> CommandResult {
        let (outputPath, errorPath) = files.outputPaths(key, request.output)
        let errorBytes = WrittenFile.tail(of: errorPath, limit: CommandRunner.standardErrorLimit)
        var output: [UInt8] = []
        if request.output == .memory {
            output = FileManager.default.contents(atPath: outputPath).map { [UInt8]($0) } ?? []
        }
        output.withUnsafeBytes { if !$0.isEmpty { request.tap.receive($0, from: .standardOutput) } }
        if request.output == .memory {
            errorBytes.withUnsafeBytes { if !$0.isEmpty { request.tap.receive($0, from: .standardError) } }
        }
        request.tap.end()
        let errorTail = OutputText.tail(of: errorBytes, limit: CommandRunner.errorTailLimit)
        switch outcome {
        case .cancelled: throw CancellationError()
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
