/// Runs functions on the engine's own workers and commands as processes of this machine.
public struct LocalBackend: FunctionBackend, CommandBackend {
    public let name: String
    private let runner = CommandRunner()
    private let slots: ProcessSlots
    /// A command is pending until it has a process slot.
    public var reportsStart: Bool { true }

    /// - Parameters:
    ///   - name: the name for `.on("name")`.
    ///   - maximumProcesses: how many commands may run at once; as many as there are cores by default.
    public init(
        name: String = "local", maximumProcesses: Int = WorkflowEngine.Configuration.availableCores
    ) {
        self.name = name
        slots = ProcessSlots(count: max(1, maximumProcesses))
    }

    public func execute(_ body: @escaping @Sendable () async throws -> Void, for task: TaskContext) async throws {
        try await body()
    }

    public func execute(_ request: CommandRequest) async throws -> CommandResult {
        try await slots.take()
        defer { slots.giveBack() }
        request.task.reportStarted()
        return try await runner.run(request.command, capture: request.output, gracePeriod: request.gracePeriod)
    }
}
