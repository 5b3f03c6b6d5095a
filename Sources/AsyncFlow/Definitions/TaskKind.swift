/// The kind of a task: a Swift closure, a command, a prompt, or a block of other tasks.
public struct TaskKind: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// A Swift closure.
    public static let function = TaskKind("function")
    /// A ``PortableTask``: a named function that can also run in another process.
    public static let portable = TaskKind("portable")
    /// A command that runs as a process.
    public static let executable = TaskKind("executable")
    /// A text that a model answers.
    public static let prompt = TaskKind("prompt")
    /// A command that keeps running for other tasks to use.
    public static let service = TaskKind("service")
    /// A body that calls other tasks and blocks.
    public static let block = TaskKind("block")
}

/// A type that tells the compiler which kind of task a ``WorkflowTask`` or a ``TaskOption`` is for.
public protocol TaskKindMarker: Sendable {
    static var kind: TaskKind { get }
}

/// The marker of function tasks.
public enum FunctionKind: TaskKindMarker { public static var kind: TaskKind { .function } }
/// The marker of portable tasks.
public enum PortableKind: TaskKindMarker { public static var kind: TaskKind { .portable } }
/// The marker of executable tasks.
public enum ExecutableKind: TaskKindMarker { public static var kind: TaskKind { .executable } }
/// The marker of prompt tasks.
public enum PromptKind: TaskKindMarker { public static var kind: TaskKind { .prompt } }
/// The marker of service tasks.
public enum ServiceKind: TaskKindMarker { public static var kind: TaskKind { .service } }
/// The marker of blocks.
public enum BlockKind: TaskKindMarker { public static var kind: TaskKind { .block } }
