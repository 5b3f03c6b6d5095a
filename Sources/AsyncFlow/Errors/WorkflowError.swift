/// What every error of this library has in common: a code to branch on, the task it is about, and what caused it.
///
/// The concrete types are ``TaskFailedError``, ``DependencyFailureError``, ``TaskCancelledError``, ``TaskRefusedError``
/// and ``EngineError``; a command's own troubles are a ``CommandError``, which is the cause of a ``TaskFailedError``.
public protocol WorkflowError: ClassifiedError, CustomStringConvertible {
    /// What kind of trouble it is.
    var code: WorkflowErrorCode { get }
    /// The task that ended with this error; nil if no task was involved.
    var taskID: TaskID? { get }
    /// That task's name.
    var taskName: String? { get }
    /// What happened and what can be done, without the task's name.
    var message: String { get }
    /// The error that led to this one: what the body threw, or the error of the dependency.
    var cause: (any Error)? { get }
}

extension WorkflowError {
    public var cause: (any Error)? { nil }

    public var description: String {
        guard let taskName, let taskID else { return message }
        return "\(taskName) (\(taskID)): \(message)"
    }

    /// The first error of the chain: what went wrong in the beginning. The error itself if nothing caused it.
    public var rootCause: any Error {
        var error: any Error = self
        while let next = (error as? any WorkflowError)?.cause { error = next }
        return error
    }
}

/// Says what kind of trouble a ``WorkflowError`` is. New codes may be added.
public struct WorkflowErrorCode: Sendable, Hashable, CustomStringConvertible {
    /// The code's name, as it stands in logs and events, for example `taskFailed`.
    public let description: String

    package init(_ name: String) { description = name }

    /// The body threw, or its command or prompt failed.
    public static let taskFailed = WorkflowErrorCode("taskFailed")
    /// A dependency failed, so that the task never ran.
    public static let dependencyFailed = WorkflowErrorCode("dependencyFailed")
    /// The task was cancelled.
    public static let cancelled = WorkflowErrorCode("cancelled")
    /// No backend has the name that the task asks for.
    public static let unknownBackend = WorkflowErrorCode("unknownBackend")
    /// The backend can't run this kind of task.
    public static let unsupportedByBackend = WorkflowErrorCode("unsupportedByBackend")
    /// The task needs more than its backend has.
    public static let insufficientResources = WorkflowErrorCode("insufficientResources")
    /// The backend didn't start, so that none of its tasks can run.
    public static let backendUnavailable = WorkflowErrorCode("backendUnavailable")
    /// The prompt has no text.
    public static let emptyPrompt = WorkflowErrorCode("emptyPrompt")
    /// The task's files can't be in one directory, or a name can't be that of a file.
    public static let invalidFiles = WorkflowErrorCode("invalidFiles")
    /// The output of a task can't be read line by line.
    public static let outputNotStreamed = WorkflowErrorCode("outputNotStreamed")
    /// A dry run doesn't know a value to stand for this task's output.
    public static let noDryRunValue = WorkflowErrorCode("noDryRunValue")
    /// A service ended by itself, wasn't ready in time, or was stopped while it was used.
    public static let serviceFailed = WorkflowErrorCode("serviceFailed")
    /// The engine was given a configuration that can't work.
    public static let invalidConfiguration = WorkflowErrorCode("invalidConfiguration")
}
