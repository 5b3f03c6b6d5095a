public import AsyncFlow
import AsyncFlowBase
import AsyncFlowWorkers
import Foundation
public import Logging
import Synchronization

/// A backend that runs commands and portable tasks inside Slurm allocations, at the speed of workers: Slurm is asked
/// for nodes once, and this backend decides what runs on them and when.
///
/// ```swift
/// try await WorkflowWorker.serveIfLaunchedAsOne([Tasks.simulate])
/// let pilot = SlurmPilotBackend(nodes: 2, coresPerNode: 64, options: SlurmOptions(time: .seconds(3600)))
/// try await withWorkflowEngine(backends: [pilot]) { flow in … }
/// ```
///
/// On each node of a *pilot*, which is one allocation, `srun` starts the program itself as a worker. The program's file
/// and the engine's work directory must be in a file system that the nodes see under the same paths.
///
/// There are as many pilots as there is work for, between the two limits in ``Settings``. A task is started only on a
/// pilot with enough time left: the task's `.timeout(_:)`, or else the time that others of its name took.
public final class SlurmPilotBackend: CommandBackend, PortableBackend {
    public let name: String
    public var reportsStart: Bool { true }
    /// The options of every pilot.
    public let options: SlurmOptions
    /// The number of nodes of a pilot.
    public let nodes: Int
    /// The number of cores of a pilot on each of its nodes.
    public let coresPerNode: Int
    let settings: Settings
    let programs: SlurmPrograms
    private let fixed: CurrentAllocation?
    private let makeDriver: @Sendable () -> PilotDriver
    private struct State {
        /// Nil before the first task, and after the last engine has shut the backend down.
        var driver: PilotDriver?
        /// The number of engines that have started the backend and not shut it down.
        var users = 0
        /// The engines that know of the driver's pilots.
        var informed: Set<String> = []
    }
    private let state = Lock(State())
    private let lastKey = Atomic<UInt64>(0)

    /// The settings of a ``SlurmPilotBackend`` for the cluster and its workers.
    public struct Settings: Sendable {
        /// The minimum number of pilots from the first task on, with or without work; 0 by default.
        public var minimumPilots = 0
        /// The maximum number of pilots at a time, not counting those that are about to end; 1 by default. A further
        /// one is requested if the waiting tasks would fill it.
        public var maximumPilots = 1
        /// The time without a task after which a pilot is released; a minute by default.
        public var idleTimeout: Duration = .seconds(60)
        /// The time before its end in which a pilot starts no more tasks; 30 seconds by default.
        public var endMargin: Duration = .seconds(30)
        /// The memory that a pilot requests on each node, and that tasks share there. Nil, the default, leaves that to
        /// the cluster; memory that tasks request then isn't counted.
        public var memoryPerNode: MemorySize?
        /// The number of GPUs that a pilot requests on each node, and that tasks share there; 0 by default.
        public var gpusPerNode = 0
        /// The number of workers for portable tasks on a node. Nil, the default, is the number of cores, but at most 8
        /// workers, which then run several tasks at once.
        public var workersPerNode: Int?
        /// The path of the program to start on the nodes, which must call `WorkflowWorker.serveIfLaunchedAsOne(_:)`;
        /// this program by default.
        public var program: String?
        /// Further environment variables for the workers, which commands inherit.
        public var workerEnvironment: [String: String] = [:]
        /// The time limit from the launch of a worker until it is ready; a minute by default.
        public var startTimeout: Duration = .seconds(60)
        /// The time without a message after which a worker counts as lost; 10 seconds by default.
        public var heartbeatTimeout: Duration = .seconds(10)
        /// The folder of `salloc`, `srun`, `squeue`, `scontrol` and `scancel`; nil, the default, for `PATH`.
        public var programFolder: String?
        /// Environment variables for these programs, such as `SLURM_CONF`, which workers inherit.
        ///
        /// Variables of this process that affect Slurm's programs are withheld from them and from workers: see
        /// <doc:Slurm>.
        public var environment: [String: String] = [:]
        /// The logger for messages about pilots and workers.
        public var logger: Logger = .asyncFlow(label: "asyncflow.slurm")

        public init() {}
    }

    /// The maximum number of cores, or GPUs, of a node; more than any computer has.
    static let mostPerNode = 1_000_000

    /// The allocation that this process runs in.
    struct CurrentAllocation: Sendable, Hashable {
        var jobID: String
        var nodeList: String
        var nodes: Int
        var cores: Int

        /// - Returns: nil if the variables aren't those of an allocation.
        init?(_ environment: [String: String]) {
            guard let id = environment["SLURM_JOB_ID"].flatMap({ SlurmNumber.digits($0, in: SlurmNumber.ids) }),
                let list = environment["SLURM_JOB_NODELIST"] ?? environment["SLURM_NODELIST"],
                let nodes = (environment["SLURM_JOB_NUM_NODES"] ?? environment["SLURM_NNODES"])
                    .flatMap({ SlurmNumber.digits($0, in: 1...SlurmPrograms.mostNodes) }),
                // In `8(x2),4`, the smallest number is available on all nodes.
                let cores = environment["SLURM_JOB_CPUS_PER_NODE"]?.split(separator: ",")
                    .map({ SlurmNumber.digits($0.prefix { $0 != "(" }, in: 1...SlurmPilotBackend.mostPerNode) ?? 0 })
                    .min(), cores > 0
            else { return nil }
            (jobID, nodeList, self.nodes, self.cores) = ("\(id)", list, nodes, cores)
        }
    }

    /// Creates a backend whose pilots are separate allocations.
    ///
    /// - Parameters:
    ///   - name: the name for `.on("pilot")`.
    ///   - nodes: the number of nodes of a pilot.
    ///   - coresPerNode: the number of cores on each of them.
    ///   - options: the further requests, such as the partition and the time. Without a time a pilot has the cluster's
    ///     default.
    ///   - settings: the settings for the cluster and its workers.
    public convenience init(
        name: String = "pilot", nodes: Int = 1, coresPerNode: Int, options: SlurmOptions = SlurmOptions(),
        settings: Settings = Settings()
    ) {
        self.init(name, nodes, coresPerNode, options, settings, fixed: nil)
    }

    /// Returns a backend whose only pilot is the allocation that this process runs in.
    ///
    /// - Parameters:
    ///   - name: the name for `.on("pilot")`.
    ///   - settings: the settings for its workers.
    /// - Returns: nil outside of an allocation, where `SLURM_JOB_ID` isn't set.
    public static func inCurrentAllocation(
        name: String = "pilot", settings: Settings = Settings()
    ) -> SlurmPilotBackend? {
        guard let current = CurrentAllocation(ProcessInfo.processInfo.environment) else { return nil }
        return SlurmPilotBackend(name, current.nodes, current.cores, SlurmOptions(), settings, fixed: current)
    }

    init(
        _ name: String, _ nodes: Int, _ coresPerNode: Int, _ options: SlurmOptions, _ settings: Settings,
        fixed: CurrentAllocation?
    ) {
        self.name = name
        self.nodes = nodes
        self.coresPerNode = coresPerNode
        self.options = options
        self.settings = settings
        self.fixed = fixed
        programs = SlurmPrograms(
            folder: settings.programFolder, environment: settings.environment, patience: .seconds(60))
        var limits = PilotMachine.Settings()
        limits.nodes = nodes
        limits.coresPerNode = coresPerNode
        limits.memoryPerNode = settings.memoryPerNode?.bytes
        limits.gpusPerNode = settings.gpusPerNode
        limits.minimumPilots = settings.minimumPilots
        limits.maximumPilots = settings.maximumPilots
        limits.walltime = options.time?.bounded
        limits.endMargin = settings.endMargin.bounded
        limits.idleTimeout = settings.idleTimeout.bounded
        limits.isFixed = fixed != nil
        let arguments = Self.arguments(nodes, coresPerNode, options, settings)
        makeDriver = { [programs, limits] in
            let token = String(UInt64.random(in: 0 ... .max), radix: 36)
            return PilotDriver(
                name: name, prefix: "\(JobSubmission.namePrefix)\(token)-pilot", programs, arguments: arguments,
                settings,
                limits, fixed: fixed)
        }
    }

    private var driver: PilotDriver {
        state.withLock { state in
            let driver = state.driver ?? makeDriver()
            state.driver = driver
            return driver
        }
    }

    static func arguments(_ nodes: Int, _ cores: Int, _ options: SlurmOptions, _ settings: Settings) -> [String] {
        // The loss of one node must not end the others.
        var list = [
            "--nodes=\(nodes)", "--ntasks=\(nodes)", "--ntasks-per-node=1", "--cpus-per-task=\(cores)", "--no-kill",
        ]
        if let bytes = settings.memoryPerNode?.bytes {
            list.append("--mem=\((bytes >> 20) + (bytes & (1 << 20 - 1) == 0 ? 0 : 1))M")
        }
        if settings.gpusPerNode > 0 { list.append("--gpus-per-node=\(settings.gpusPerNode)") }
        return list + options.arguments
    }

    private var problem: String? {
        let counts = [
            ("nodes", nodes, 1...SlurmPrograms.mostNodes), ("coresPerNode", coresPerNode, 1...Self.mostPerNode),
            ("gpusPerNode", settings.gpusPerNode, 0...Self.mostPerNode),
            ("minimumPilots", settings.minimumPilots, 0...10_000),
            ("maximumPilots", settings.maximumPilots, 1...10_000),
        ]
        for (name, count, range) in counts where !range.contains(count) {
            let isLow = count < range.lowerBound
            return
                "\(name) must be at \(isLow ? "least \(range.lowerBound)" : "most \(range.upperBound)"), got \(count)"
        }
        if let memory = settings.memoryPerNode, memory <= .zero {
            return "memoryPerNode must be more than 0, got \(memory)"
        }
        if options.nodes != nil { return "set the number of nodes by nodes:, not in the options" }
        if let time = options.time?.bounded, time <= settings.endMargin.bounded * 2 {
            return "time must be more than twice endMargin (\(settings.endMargin)), in which nothing is started, "
                + "got \(time)"
        }
        if settings.program == nil, !WorkflowWorker.servesIfLaunchedAsOne {
            return "its nodes run this program as a worker, so its first line must be "
                + "'try await WorkflowWorker.serveIfLaunchedAsOne([…])'"
        }
        return options.problem
    }

    /// - Throws: `CommandError` if Slurm's programs are missing; ``SlurmJobError`` if the options make no sense.
    public func start() async throws {
        if let problem { throw SlurmJobError(.unusable, detail: problem) }
        _ = try await programs.call(fixed == nil ? "salloc" : "srun", ["--version"])
        state.withLock { $0.users += 1 }
    }

    /// Ends all workers and releases all requested allocations, once every engine that started the backend has called
    /// this.
    public func shutdown() async {
        let unused = state.withLock { state -> PilotDriver? in
            state.users -= 1
            guard state.users <= 0 else { return nil }
            defer { (state.users, state.driver, state.informed) = (0, nil, []) }
            return state.driver
        }
        await unused?.shutdown()
    }

    /// The number of pilots, including those that were requested and haven't come yet.
    public var pilotCount: Int { get async { await state.withLock { $0.driver }?.pilotCount ?? 0 } }

    /// Runs a command on a node of a pilot as soon as there is room for it.
    ///
    /// - Throws: `CommandError` if the command itself failed; ``SlurmJobError`` if there is no pilot for it, or the
    ///   pilot ended before it; `WorkerLostError` if its node was lost; `CancellationError` if it was cancelled.
    public func execute(_ request: CommandRequest) async throws -> CommandResult {
        try request.command.validate()
        if request.watcher != nil {
            throw SlurmJobError(
                .unusable, detail: "a service must run where its users can reach it: use another backend")
        }
        let kind = kind(of: request.task, request.resources, ranks: request.isParallel ? request.resources.ranks : 1)
        return try await run(kind, for: request.task) { turn in
            guard !request.isParallel else { return try await self.runParallel(request, turn) }
            return try await turn.nodes[0].run(request, adding: self.variables(request.resources, turn))
        }
    }

    /// Runs a portable task in a worker on a node of a pilot as soon as there is room for it.
    public func execute(_ call: PortableCall) async throws -> PortableResult {
        // The task starts with its body, which the pool of workers on the node reports.
        let kind = kind(of: call.task, call.task.resourceRequest, ranks: 1)
        return try await run(kind, for: call.task, reportsStart: false) { turn in
            try await turn.nodes[0].run(call.adding(self.variables(call.task.resourceRequest, turn)))
        }
    }

    private func kind(of task: TaskContext, _ resources: ResourceRequest, ranks: Int) -> PilotMachine.Kind {
        var need = PilotMachine.Need(cores: max(1, resources.cores ?? 1), ranks: ranks)
        let (memory, count) = (resources.memory.bytes, Int64(ranks))
        if settings.memoryPerNode != nil, memory > 0 { need.memory = memory / count + (memory % count == 0 ? 0 : 1) }
        let gpus = resources.gpus / Double(ranks)
        need.gpus = gpus >= 1 ? Int(gpus.rounded(.up)) * 1000 : Int((gpus * 1000 + 1e-6).rounded(.down))
        return PilotMachine.Kind(need: need, priority: task.priorityLevel, name: task.taskName, timeout: task.timeout)
    }

    /// Returns the variables that tell a program on the first node of a turn which resources it was granted there.
    private func variables(_ resources: ResourceRequest, _ turn: PilotDriver.Turn) -> [String: String] {
        var variables = turn.nodes[0].environment(for: turn.shares[0].gpus)
        if let cores = resources.cores, cores > 0 { variables["OMP_NUM_THREADS"] = "\(cores)" }
        return variables
    }

    private func run<Result: Sendable>(
        _ kind: PilotMachine.Kind, for task: TaskContext, reportsStart: Bool = true,
        _ body: @Sendable (PilotDriver.Turn) async throws -> Result
    ) async throws -> Result {
        if let slot = task.resourceRequest.slots.first {
            throw SlurmJobError(.unusable, detail: "a pilot has no resource named '\(slot.key)'")
        }
        let driver = driver
        try await inform(task, of: driver)
        for placement in 1... {
            let key = lastKey.add(1, ordering: .relaxed).newValue
            let turn = try await driver.turn(key, kind)
            task.reportPlace(CommandPlace(jobID: turn.jobID, node: turn.nodes[0].name))
            if reportsStart { task.reportStarted() }
            let begin = ContinuousClock.now
            do {
                let result = try await body(turn)
                await driver.finished(key, elapsed: ContinuousClock.now - begin)
                return result
            } catch {
                let hasEnded = await driver.hasEnded(turn.pilot)
                // A node that was lost before the task started there has cost it nothing, so the task is placed again.
                let unusable = (error as? WorkerPoolError).flatMap {
                    $0.code == .backendUnavailable ? $0.poolName : nil
                }
                if let unusable { await driver.suspend(turn, without: unusable) }
                await driver.finished(key, elapsed: nil)
                if unusable != nil, !hasEnded, placement < Self.placementLimit { continue }
                let isLost = error is WorkerLostError || error is WorkerPoolError
                guard isLost, hasEnded else { throw error }
                throw SlurmJobError(
                    .timeLimit, jobID: turn.jobID, detail: "that of its pilot, on \(turn.nodes[0].name)")
            }
        }
        preconditionFailure("it is placed once at least")
    }

    /// Has the engine's next run know the names of the pilots, before there is one.
    private func inform(_ task: TaskContext, of driver: PilotDriver) async throws {
        guard fixed == nil, state.withLock({ !$0.informed.contains(task.engineID) }) else { return }
        try await task.keep(trace: Array(driver.prefix.utf8), of: name)
        state.withLock { _ = $0.informed.insert(task.engineID) }
    }

    /// The number of nodes that are tried for a task if they can't start it.
    private static var placementLimit: Int { 3 }

    /// Runs a parallel command. Its ranks are started by `srun`, which knows how they find each other.
    private func runParallel(_ request: CommandRequest, _ turn: PilotDriver.Turn) async throws -> CommandResult {
        let hosts = zip(turn.shares, turn.nodes).flatMap { Array(repeating: $1.name, count: $0.ranks) }
        let number = lastKey.add(1, ordering: .relaxed).newValue
        let path = try request.task.makeRunDirectory() + "/\(request.task.taskID).\(number)"
        let (hostsPath, scriptPath) = ("\(path).hosts", "\(path).rank")
        defer { for path in [hostsPath, scriptPath] { try? FileManager.default.removeItem(atPath: path) } }
        try WholeFile.create(hostsPath, hosts.joined(separator: "\n") + "\n")
        // Each node has different GPUs; variables that the command sets itself take precedence.
        var gpus: [String: [String: String]] = [:]
        for (share, node) in zip(turn.shares, turn.nodes) where !share.gpus.isEmpty {
            gpus[node.name] = node.environment(for: share.gpus).filter { request.command.environment[$0.key] == nil }
        }
        var program = [request.command.executable] + request.command.arguments
        if SrunScript.isNeeded(for: program) || gpus.values.contains(where: { !$0.isEmpty }) {
            try WholeFile.create(scriptPath, SrunScript.text(running: program, setting: gpus))
            program = ["/bin/sh", scriptPath]
        }
        var command = programs.command(
            "srun",
            [
                "--jobid=\(turn.jobID)", "--overlap", "--nodes=\(turn.nodes.count)", "--ntasks=\(hosts.count)",
                "--cpus-per-task=\(max(1, request.resources.cores ?? 1))", "--distribution=arbitrary",
                "--kill-on-bad-exit=1", "--export=ALL", "--",
            ] + program)
        if let cores = request.resources.cores, cores > 0 { command.environment["OMP_NUM_THREADS"] = "\(cores)" }
        command.environment.merge(request.command.environment) { _, own in own }
        command.environment["SLURM_HOSTFILE"] = hostsPath
        command.inheritsEnvironment = request.command.inheritsEnvironment
        command.inheritsSecrets = request.command.inheritsSecrets
        command.withheldVariables.formUnion(request.command.withheldVariables)
        command.standardInput = request.command.standardInput
        command.workingDirectory = request.command.workingDirectory
        return try await CommandRunner().run(
            command, capture: request.output, gracePeriod: request.gracePeriod, tap: request.tap,
            outputLimit: Int(clamping: request.outputLimit.bytes))
    }
}

extension SlurmPilotBackend: DryRunnableBackend {
    package func dryRunDetail(of command: Command, resources: ResourceRequest, for task: TaskContext) -> String {
        let launch =
            task.isParallel ? "srun --jobid=<pilot> --overlap --ntasks=\(resources.ranks) " : "srun --jobid=<pilot>: "
        let arguments = Self.arguments(nodes, coresPerNode, options, settings)
        return Command("salloc", arguments: arguments).description + ": " + launch + command.description
    }
}
