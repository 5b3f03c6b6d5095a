/// Runs functions on the engine's own workers and commands as processes of this machine.
public struct LocalBackend: FunctionBackend, CommandBackend, EngineRunBackend {
    public let name: String
    private let runner = CommandRunner()
    private let ownCapacity: ResourceCapacity
    private let launcher: ParallelLauncher
    public var capacity: ResourceCapacity? { ownCapacity }

    /// - Parameters:
    ///   - name: the name for `.on("name")`.
    ///   - capacity: what tasks share; what this machine has, as far as this process may use it, by default.
    ///   - launcher: what starts commands with ``TaskOption/ranks(_:)``; whatever MPI is installed, by default.
    public init(
        name: String = "local", capacity: ResourceCapacity = .detected(), launcher: ParallelLauncher = .detected
    ) {
        self.name = name
        ownCapacity = capacity
        self.launcher = launcher
    }

    /// - Parameters:
    ///   - name: the name for `.on("name")`.
    ///   - maximumProcesses: how many commands may run at once, as long as none says how many cores it needs: the same
    ///     as a capacity of that many cores.
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
    /// Says which process of this machine the command is.
    fileprivate func reportProcess(_ id: Int32) { task.reportPlace(CommandPlace(processID: id)) }
}
