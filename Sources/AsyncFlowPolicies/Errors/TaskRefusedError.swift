/// The error of a task that could never run and was refused when it was submitted: because of its routing, its
/// resources, its options or files, or because a dry run has no value for it. Also the error of a retry that was
/// refused because its resources had grown too large.
public struct TaskRefusedError: WorkflowError {
    public let code: WorkflowErrorCode
    public let taskID: TaskID?
    public let taskName: String?
    public let message: String
    /// A more specific error, where there is one; for a refused retry, the error of the attempt before.
    public let cause: (any Error)?

    package init(_ reason: RefusalReason, _ taskID: TaskID, _ taskName: String, cause: (any Error)?) {
        code = reason.code
        message = reason.message
        self.cause = cause ?? reason.cause
        self.taskID = taskID
        self.taskName = taskName
    }
}

/// The reason why tasks of a definition can't run; determined when the definition is made.
package struct RefusalReason: Error {
    package let code: WorkflowErrorCode
    package let message: String
    package let cause: (any Error)?

    package init(_ code: WorkflowErrorCode, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}
