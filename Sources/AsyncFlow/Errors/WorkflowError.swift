/// An error of this library: a code to branch on, the task that it is about, and its cause.
///
/// The concrete types are ``TaskFailedError``, ``DependencyFailureError``, ``TaskCancelledError``, ``TaskRefusedError``
/// and ``EngineError``. The failure of a command is a ``CommandError``, which is the cause of a ``TaskFailedError``.
public protocol WorkflowError: ClassifiedError, CustomStringConvertible {
    /// The kind of failure.
    var code: WorkflowErrorCode { get }
    /// The task that ended with this error; nil if no task was involved.
    var taskID: TaskID? { get }
    /// That task's name.
    var taskName: String? { get }
    /// The description of what happened and what can be done, without the task's name.
    var message: String { get }
    /// The error that led to this one: the one that the body threw, or that of the dependency.
    var cause: (any Error)? { get }
}

extension WorkflowError {
    public var cause: (any Error)? { nil }

    public var description: String {
        guard let taskName, let taskID else { return message }
        return "\(taskName) (\(taskID)): \(message)"
    }

    /// The innermost cause of the error; the error itself if it has no cause.
    public var rootCause: any Error {
        var error: any Error = self
        while let next = (error as? any WorkflowError)?.cause { error = next }
        return error
    }
}

/// The kind of a ``WorkflowError``. New codes may be added.
public struct WorkflowErrorCode: Sendable, Hashable, CustomStringConvertible {
    /// The code's name, as it stands in logs and events, for example `taskFailed`.
    public let description: String

    package init(_ name: String) { description = name }

    /// The body threw, or the task's command or prompt failed.
    public static let taskFailed = WorkflowErrorCode("taskFailed")
    /// A dependency failed, so that the task never ran.
    public static let dependencyFailed = WorkflowErrorCode("dependencyFailed")
    /// The task was cancelled.
    public static let cancelled = WorkflowErrorCode("cancelled")
    /// No backend has the name that the task requests.
    public static let unknownBackend = WorkflowErrorCode("unknownBackend")
    /// The backend can't run this kind of task.
    public static let unsupportedByBackend = WorkflowErrorCode("unsupportedByBackend")
    /// The task needs more than its backend has.
    public static let insufficientResources = WorkflowErrorCode("insufficientResources")
    /// The backend didn't start, so that none of its tasks can run.
    public static let backendUnavailable = WorkflowErrorCode("backendUnavailable")
    /// The prompt has no text.
    public static let emptyPrompt = WorkflowErrorCode("emptyPrompt")
    /// The task's files can't be in one directory, or a name isn't a valid file name.
    public static let invalidFiles = WorkflowErrorCode("invalidFiles")
    /// The output of a task can't be read line by line.
    public static let outputNotStreamed = WorkflowErrorCode("outputNotStreamed")
    /// A dry run has no value to stand in for this task's output.
    public static let noDryRunValue = WorkflowErrorCode("noDryRunValue")
    /// A service ended by itself, wasn't ready in time, or was stopped while it was in use.
    public static let serviceFailed = WorkflowErrorCode("serviceFailed")
    /// The engine was given an invalid configuration.
    public static let invalidConfiguration = WorkflowErrorCode("invalidConfiguration")
}
