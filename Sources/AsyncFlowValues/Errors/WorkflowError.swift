/// An error of this library: a code to branch on, the task that it is about, and its cause.
///
/// Every public error is one. A task's future throws ``TaskFailedError``, ``DependencyFailureError``,
/// ``TaskCancelledError`` or ``TaskRefusedError``; the failure of a command, a file or a backend is the
/// ``cause`` of the ``TaskFailedError``. A code means the same in every module.
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
    public var taskID: TaskID? { nil }
    public var taskName: String? { nil }
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
