/// Where tasks run. What kinds of task a backend can run is said by the protocols that refine this one:
/// ``FunctionBackend``, ``CommandBackend`` and ``PromptBackend``.
///
/// One call is one task: cancellation arrives as cancellation of the calling Swift task, the result is the return
/// value, and limiting how much runs at once is the backend's own affair.
public protocol Backend: Sendable {
    /// The name by which tasks choose it with `.on("name")`; unique within an engine.
    var name: String { get }

    /// Gets ready to run tasks. Called once, before the first task; until it returns, tasks wait.
    ///
    /// When the engine is shut down meanwhile, the calling Swift task is cancelled.
    ///
    /// - Throws: if the backend can't run anything. Its tasks then fail with ``WorkflowErrorCode/backendUnavailable``.
    func start() async throws

    /// Whether the backend has a queue of its own and says with ``TaskContext/reportStarted()`` when the turn of a
    /// command, prompt or portable task has come. False by default: a task counts as running from when the backend gets
    /// it.
    var reportsStart: Bool { get }

    /// What there is for tasks to share. The engine gives it to the tasks in their order, and lets none begin before it
    /// has what it asks for. Nil, the default, for a backend that takes every task at once and decides itself.
    var capacity: ResourceCapacity? { get }

    /// Lets go of everything. Called once, when all its tasks have ended, if ``start()`` was called.
    func shutdown() async
}

extension Backend {
    public func start() async throws {}
    public var reportsStart: Bool { false }
    public var capacity: ResourceCapacity? { nil }
    public func shutdown() async {}
}

/// A backend that runs Swift closures in this process.
public protocol FunctionBackend: Backend {
    /// Runs one function task.
    ///
    /// - Parameters:
    ///   - body: the task's body with its arguments; to be called once.
    ///   - task: which task it is.
    /// - Throws: what `body` throws, or the backend's own trouble.
    func execute(_ body: @escaping @Sendable () async throws -> Void, for task: TaskContext) async throws
}

/// A function backend whose functions the engine's own workers run: it is never asked to.
protocol EngineRunBackend: FunctionBackend {}

/// A backend that runs portable tasks in other processes.
///
/// A backend that is a ``FunctionBackend`` as well gets portable tasks as such, by this protocol.
public protocol PortableBackend: Backend {
    /// Runs one portable task.
    ///
    /// When the calling Swift task is cancelled, so is the body in the other process, and the call returns only when it
    /// has ended or its process is gone.
    ///
    /// - Throws: ``RemoteTaskError`` if the body threw; an error with the code ``WorkflowErrorCode/workerLost`` if the
    ///   process that ran it is gone; `CancellationError` if the body was cancelled.
    func execute(_ call: PortableCall) async throws -> PortableResult
}

/// A portable backend that calls functions of another language, and only those.
package protocol ForeignBackend: PortableBackend {
    /// The language, as it stands in ``ForeignFunction/language``.
    var language: String { get }
}

/// A portable backend that can be handed calls without a Swift task that waits for each.
package protocol PortableReceiver: PortableBackend {
    /// Takes a call.
    ///
    /// - Parameters:
    ///   - call: what is to be run.
    ///   - end: is given the value, or what `execute` would throw; called once, on a thread of the backend's, which it
    ///     must not keep.
    /// - Returns: what names the call for ``cancel(_:)``.
    func begin(_ call: PortableCall, _ end: @escaping @Sendable (Result<PortableResult, any Error>) -> Void) -> UInt64
    /// Does what cancelling a Swift task that awaits `execute` does. Nothing if the call has ended.
    func cancel(_ call: UInt64)
}

/// A backend that runs commands.
public protocol CommandBackend: Backend {
    /// Runs one command to its end.
    ///
    /// When the calling Swift task is cancelled, the command and all that it started are stopped, and the call returns
    /// only when they are gone.
    ///
    /// - Throws: ``CommandError`` if the command can't be started, exits with another code than 0, or ends by a signal;
    ///   `CancellationError` if it was cancelled.
    func execute(_ request: CommandRequest) async throws -> CommandResult
}

/// A backend that answers prompts.
public protocol PromptBackend: Backend {
    /// Has a prompt answered.
    ///
    /// - Returns: the answer.
    func complete(_ request: PromptRequest) async throws -> String
}

/// A backend for prompts that can say what decides its answers.
package protocol IdentifyingPromptBackend: PromptBackend {
    /// The request that would be sent, without secrets and addresses: equal requests are equal bytes. Nil for a
    /// question of a type that the backend doesn't know.
    func identity(of question: any Sendable, for task: TaskContext) -> [UInt8]?
}

/// A command that a task wants to be run.
public struct CommandRequest: Sendable {
    public let command: Command
    public let task: TaskContext
    /// What this attempt of the task asks for.
    public let resources: ResourceRequest
    /// Where standard output and error are to go: into memory, or into these files.
    public let output: CommandOutput
    /// How long the command may take to end after SIGTERM before SIGKILL follows.
    public let gracePeriod: Duration
    /// The most of the standard output that is kept in memory; a command that writes more is to be ended, with an error
    /// with the reason ``CommandError/Reason/outputTooLong(limit:)``.
    public internal(set) var outputLimit = Self.defaultOutputLimit
    /// Takes what the command writes while it writes it, for those who read it line by line; a backend that can't tell
    /// before the end may leave it alone. Not called for output that goes into files.
    public let tap: OutputTap
    /// Who wants to know of the command while it runs: set for the commands of service tasks. A backend that can tell
    /// calls it; otherwise a service has no process id, no output, and can't be ready by a line of its output.
    public internal(set) var watcher: CommandWatcher? = nil
    /// Whether the command is to be started as ``ResourceRequest/ranks`` processes that find each other, even if that
    /// is one.
    public var isParallel: Bool { task.isParallel }

    static let defaultOutputLimit = MemorySize.gigabytes(1)
}

/// A prompt that a task wants to be answered.
public struct PromptRequest: Sendable {
    /// Not empty.
    public let text: String
    public let task: TaskContext
}
