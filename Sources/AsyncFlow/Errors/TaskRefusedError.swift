/// A task that could never run was refused as it was submitted: wrong routing, a need of more than there is, or no
/// value to stand for it in a dry run. Or an attempt was, because what it asks for had grown too much.
public struct TaskRefusedError: WorkflowError {
    public let code: WorkflowErrorCode
    public let taskID: TaskID?
    public let taskName: String?
    public let message: String
    /// What is wrong in particular, where more is known; of an attempt that was refused, what the attempt before had
    /// failed with.
    public let cause: (any Error)?

    init(_ reason: RefusalReason, _ taskID: TaskID, _ taskName: String, cause: (any Error)?) {
        code = reason.code
        message = reason.message
        self.cause = cause ?? reason.cause
        self.taskID = taskID
        self.taskName = taskName
    }
}

/// Why tasks of a definition can't run; found when the definition is made.
struct RefusalReason: Error {
    let code: WorkflowErrorCode
    let message: String
    let cause: (any Error)?

    init(_ code: WorkflowErrorCode, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}

/// The engine itself can't do what it was asked to.
public struct EngineError: WorkflowError {
    public let code: WorkflowErrorCode
    public let message: String
    public let cause: (any Error)?
    public var taskID: TaskID? { nil }
    public var taskName: String? { nil }

    init(_ code: WorkflowErrorCode, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}
