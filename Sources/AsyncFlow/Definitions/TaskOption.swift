import AsyncFlowBase

/// One option of a task, for example `.on("cluster")`; the same at definition and, overriding it, at a call.
///
/// ```swift
/// let align = flow.executableTask("align", .on("local"), .captureStdio) { … }
/// align.with(.workflow("experiment-42"))(sample)
/// ```
///
/// `Kind` makes an option that a kind of task doesn't have, or a typed backend that can't run it, a compile error.
public struct TaskOption<Kind: TaskKindMarker>: Sendable {
    let apply: @Sendable (inout TaskOptions) -> Void

    init(_ apply: @escaping @Sendable (inout TaskOptions) -> Void) { self.apply = apply }

    /// Labels the task with a workflow id, instead of that of the scope in which it is called.
    public static func workflow(_ id: String) -> Self { Self { $0.workflowID = id } }
}

extension TaskOption where Kind: RoutableKind {
    /// Runs the task on the backend of this name. Without this option it runs on the engine's first backend that can.
    ///
    /// An unknown name, or a backend that can't run this kind of task, fails the task's futures at once with a
    /// ``TaskRefusedError`` that names the backends there are.
    public static func on(_ backendName: String) -> Self { Self { $0.backendName = backendName } }
}

extension TaskOption where Kind == FunctionKind {
    /// Runs the task on this backend, which must be one of the engine's.
    public static func on(_ backend: some FunctionBackend) -> Self { on(backend.name) }
}

extension TaskOption where Kind == PortableKind {
    /// Runs the task on this backend, which must be one of the engine's.
    public static func on(_ backend: some PortableBackend) -> Self { on(backend.name) }

    /// Runs the task on this backend, in this process; it must be one of the engine's.
    public static func on(_ backend: some FunctionBackend) -> Self { on(backend.name) }

    /// Calls a function of another language.
    static func language(_ name: String) -> Self { Self { $0.language = name } }

    /// How long a cancelled task may take to end in another process before that is killed; 5 seconds by default.
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
    /// value is the path of the `.stdout` file instead of the text. Output of any size then needs no memory.
    public static var captureStdio: Self { Self { $0.capturesStdio = true } }

    /// How long a cancelled command may take to end after SIGTERM before SIGKILL follows; 5 seconds by default.
    public static func gracePeriod(_ period: Duration) -> Self { Self { $0.gracePeriod = min(period, .aCentury) } }
}

/// Marks the kinds of task that a backend runs; a block always runs in the engine itself.
public protocol RoutableKind: TaskKindMarker {}
extension FunctionKind: RoutableKind {}
extension PortableKind: RoutableKind {}
extension ExecutableKind: RoutableKind {}
extension PromptKind: RoutableKind {}
extension ServiceKind: RoutableKind {}
