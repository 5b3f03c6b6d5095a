import AsyncFlowBase

/// A backend that runs functions on the engine's own threads and commands as processes of this machine.
public struct LocalBackend: FunctionBackend, CommandBackend, EngineRunBackend {
    public let name: String
    private let runner = CommandRunner()
    private let ownCapacity: ResourceCapacity
    private let launcher: ParallelLauncher
    public var capacity: ResourceCapacity? { ownCapacity }

    /// Creates a local backend.
    ///
    /// - Parameters:
    ///   - name: the name for `.on("name")`.
    ///   - capacity: the resources that tasks share; by default those of this machine that this process may use.
    ///   - launcher: the launcher of commands with ``TaskOption/ranks(_:)``; by default whatever MPI is installed.
    public init(
        name: String = "local", capacity: ResourceCapacity = .detected(), launcher: ParallelLauncher = .detected
    ) {
        self.name = name
        ownCapacity = capacity
        self.launcher = launcher
    }

    /// Creates a local backend that limits the number of commands.
    ///
    /// - Parameters:
    ///   - name: the name for `.on("name")`.
    ///   - maximumProcesses: the number of commands that may run at once if none of them requests cores: the same as a
    ///     capacity of that many cores.
    public init(name: String = "local", maximumProcesses: Int) {
        self.init(name: name, capacity: ResourceCapacity(cores: max(1, maximumProcesses)))
    }

    public func execute(_ body: @escaping @Sendable () async throws -> Void, for task: TaskContext) async throws {
        try await body()
    }

    public func execute(_ request: CommandRequest) async throws -> CommandResult {
        var command = request.command
        if let allocation = request.task.resources {
            command.environment.merge(allocation.environment) { given, _ in given }
        }
        let outputLimit = Int(clamping: request.outputLimit.bytes)
        guard request.isParallel else {
            return try await runner.run(
                command, capture: request.output, gracePeriod: request.gracePeriod, tap: request.tap,
                watcher: request.watcher, outputLimit: outputLimit, onStart: request.reportProcess)
        }
        return try await ParallelRun(runner: runner, launcher: launcher).run(
            command, ranks: request.resources.ranks,
            coresPerRank: request.resources.cores ?? 1, capture: request.output, gracePeriod: request.gracePeriod,
            outputLimit: outputLimit, tap: request.tap, onStart: request.reportProcess)
    }
}

extension CommandRequest {
    /// Reports which process of this machine runs the command.
    fileprivate func reportProcess(_ id: Int32) {
        task.reportPlace(CommandPlace(processID: id))
        note(ticket: ProcessIdentity(of: id)?.ticket)
    }
}

extension LocalBackend: ReattachingBackend {
    /// Ends the processes of a command that outlived the program which had started it: nobody has its output.
    package func reattach(_ ticket: [UInt8], _ request: CommandRequest) async throws -> CommandResult? {
        guard let leader = ProcessIdentity(ticket: ticket) else { return nil }
        await LeftProcesses(leader: leader).end(gracePeriod: request.gracePeriod)
        return nil
    }
}
