/// A place where tasks run. The protocols that refine this one, ``FunctionBackend``, ``PortableBackend``,
/// ``CommandBackend`` and ``PromptBackend``, say which kinds of task a backend can run.
///
/// One call is one task: cancellation arrives as the cancellation of the calling Swift task, the result is the return
/// value, and a backend decides itself how much runs at once.
public protocol Backend: Sendable {
    /// The name by which tasks choose the backend, as in `.on("name")`; unique within an engine.
    var name: String { get }

    /// Prepares the backend for running tasks. Called once, before the first task; tasks wait until it returns.
    ///
    /// When the engine is shut down in the meantime, the calling Swift task is cancelled.
    ///
    /// - Throws: an error if the backend can't run anything. Its tasks then fail with
    ///   ``WorkflowErrorCode/backendUnavailable``.
    func start() async throws

    /// Whether the backend has a queue and says with ``TaskContext/reportStarted()`` when a command, prompt or portable
    /// task leaves it. False by default: a task counts as running as soon as the backend gets it.
    var reportsStart: Bool { get }

    /// The resources that the backend's tasks share. The engine allots them to tasks in order, and a task begins only
    /// when it has what it requests. Nil, the default, for a backend that accepts every task at once and schedules it
    /// itself.
    var capacity: ResourceCapacity? { get }

    /// Releases everything that the backend holds. Called once, when all its tasks have ended, if ``start()`` was
    /// called.
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
    ///   - task: the context of the task.
    /// - Throws: an error that `body` throws, or the backend's own failure.
    func execute(_ body: @escaping @Sendable () async throws -> Void, for task: TaskContext) async throws
}

/// A function backend whose functions run on the engine's own threads: its `execute` is never called.
protocol EngineRunBackend: FunctionBackend {}

/// A backend that runs portable tasks in other processes.
///
/// A backend that is also a ``FunctionBackend`` gets portable tasks through this protocol.
public protocol PortableBackend: Backend {
    /// Runs one portable task.
    ///
    /// When the calling Swift task is cancelled, so is the body in the other process, and the call returns only when
    /// the body has ended or its process is gone.
    ///
    /// - Throws: ``RemoteTaskError`` if the body threw; an error with the code ``WorkflowErrorCode/workerLost`` if the
    ///   process that ran it is gone; `CancellationError` if the body was cancelled.
    func execute(_ call: PortableCall) async throws -> PortableResult
}

/// A portable backend that calls functions of another language.
package protocol ForeignBackend: PortableBackend {
    /// The language, as in ``ForeignFunction/language``.
    var language: String { get }
    /// Whether it calls the functions of this program as well. False by default.
    var callsSwiftFunctions: Bool { get }
}

extension ForeignBackend {
    package var callsSwiftFunctions: Bool { false }
}

/// A portable backend that accepts calls without a Swift task that waits for each.
package protocol PortableReceiver: PortableBackend {
    /// Accepts a call.
    ///
    /// - Parameters:
    ///   - call: the call to run.
    ///   - end: receives the value, or the error that `execute` would throw. It is called once, on one of the backend's
    ///     threads, which it must not block.
    /// - Returns: the number that identifies the call for ``cancel(_:)``.
    func begin(_ call: PortableCall, _ end: @escaping @Sendable (Result<PortableResult, any Error>) -> Void) -> UInt64
    /// Cancels a call, with the same effect as cancelling a Swift task that awaits `execute`. Does nothing if the call
    /// has ended.
    func cancel(_ call: UInt64)
}

/// A backend that runs commands.
public protocol CommandBackend: Backend {
    /// Runs one command to its end.
    ///
    /// When the calling Swift task is cancelled, the command and everything that it started are stopped, and the call
    /// returns only when they are gone.
    ///
    /// - Throws: ``CommandError`` if the command can't be started, exits with a code other than 0, or is ended by a
    ///   signal; `CancellationError` if it was cancelled.
    func execute(_ request: CommandRequest) async throws -> CommandResult
}

/// A backend that answers prompts.
public protocol PromptBackend: Backend {
    /// Answers a prompt.
    ///
    /// - Returns: the answer.
    func complete(_ request: PromptRequest) async throws -> String
}

/// A prompt backend that can identify what its answers depend on.
package protocol IdentifyingPromptBackend: PromptBackend {
    /// Returns the request that would be sent, without secrets and addresses, so that equal requests are equal bytes.
    /// Nil for a question of a type that the backend doesn't know.
    func identity(of question: any Sendable, for task: TaskContext) -> [UInt8]?
}

/// A command that a task asks its backend to run.
public struct CommandRequest: Sendable {
    public let command: Command
    public let task: TaskContext
    /// The resources that this attempt of the task requests.
    public let resources: ResourceRequest
    /// The destination of standard output and error: memory, or these files.
    public let output: CommandOutput
    /// The time that the command has to end after SIGTERM before it gets SIGKILL.
    public let gracePeriod: Duration
    /// The maximum size of the standard output that is kept in memory. A command that writes more must be ended with an
    /// error whose reason is ``CommandError/Reason/outputTooLong(limit:)``.
    public internal(set) var outputLimit = Self.defaultOutputLimit
    /// Receives the command's output while it is written, for those who read it line by line. A backend that gets the
    /// output only at the end may ignore it. Not called for output that goes into files.
    public let tap: OutputTap
    /// Receives information about the command while it runs; set for the commands of service tasks. A backend should
    /// call it if it can; otherwise a service has no process id and no output, and can't become ready by a line of its
    /// output.
    public internal(set) var watcher: CommandWatcher? = nil
    /// Where the traces of the command are kept, if anywhere.
    var keeper: CommandTraceKeeper? = nil
    /// Whether the command is to be started as ``ResourceRequest/ranks`` processes that find each other, even if there
    /// is only one.
    public var isParallel: Bool { task.isParallel }

    static let defaultOutputLimit = MemorySize.gigabytes(1)
}

/// A prompt that a task asks its backend to answer.
public struct PromptRequest: Sendable {
    /// The text of the prompt; never empty.
    public let text: String
    public let task: TaskContext
}
