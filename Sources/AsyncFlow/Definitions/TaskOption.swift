import AsyncFlowBase

/// An option of a task, for example `.on("cluster")`, given at definition or, overriding that, at a call.
///
/// ```swift
/// let align = flow.executableTask("align", .on("local"), .captureStdio) { … }
/// align.with(.workflow("experiment-42"))(sample)
/// ```
///
/// `Kind` turns an option that a kind of task doesn't have, or a backend whose type can't run it, into a compile error.
public struct TaskOption<Kind: TaskKindMarker>: Sendable {
    let apply: @Sendable (inout TaskOptions) -> Void

    init(_ apply: @escaping @Sendable (inout TaskOptions) -> Void) { self.apply = apply }

    /// Labels the task with a workflow id, in place of the id of the scope in which it is called.
    public static func workflow(_ id: String) -> Self { Self { $0.workflowID = id } }
}

extension TaskOption where Kind: RoutableKind {
    /// Runs the task on the backend with this name. Without this option it runs on the engine's first backend that can
    /// run it.
    ///
    /// With an unknown name, or a backend that can't run this kind of task, the task's futures fail at once with a
    /// ``TaskRefusedError`` that names the engine's backends.
    public static func on(_ backendName: String) -> Self { Self { $0.backendName = backendName } }
}

extension TaskOption where Kind == FunctionKind {
    /// Runs the task on this backend, which must be one of the engine's.
    public static func on(_ backend: some FunctionBackend) -> Self { on(backend.name) }
}

extension TaskOption where Kind == PortableKind {
    /// Runs the task on this backend, which must be one of the engine's.
    public static func on(_ backend: some PortableBackend) -> Self { on(backend.name) }

    /// Runs the task in this process, on this backend, which must be one of the engine's.
    public static func on(_ backend: some FunctionBackend) -> Self { on(backend.name) }

    /// Marks the task as a call of a function of another language.
    static func language(_ name: String) -> Self { Self { $0.language = name } }

    /// Sets the time that a cancelled task has to end in another process before the process is killed; 5 seconds by
    /// default.
    public static func gracePeriod(_ period: Duration) -> Self { Self { $0.gracePeriod = min(period, .aCentury) } }
}

extension TaskOption where Kind == PromptKind {
    /// Sends the prompt to this backend, which must be one of the engine's.
    public static func on(_ backend: some PromptBackend) -> Self { on(backend.name) }
}

extension TaskOption where Kind == ExecutableKind {
    /// Runs the command on this backend, which must be one of the engine's.
    public static func on(_ backend: some CommandBackend) -> Self { on(backend.name) }

    /// Writes standard output and error to `<workDirectory>/<engine id>/<task id>.stdout` and `.stderr`; the future's
    /// value is then the path of the `.stdout` file instead of the text. Output of any size then needs no memory.
    public static var captureStdio: Self { Self { $0.capturesStdio = true } }

    /// Sets the time that a cancelled command has to end after SIGTERM before it gets SIGKILL; 5 seconds by default.
    public static func gracePeriod(_ period: Duration) -> Self { Self { $0.gracePeriod = min(period, .aCentury) } }
}

/// A marker of the kinds of task that a backend runs; a block always runs in the engine itself.
public protocol RoutableKind: TaskKindMarker {}
extension FunctionKind: RoutableKind {}
extension PortableKind: RoutableKind {}
extension ExecutableKind: RoutableKind {}
extension PromptKind: RoutableKind {}
extension ServiceKind: RoutableKind {}
