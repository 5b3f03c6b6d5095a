/// The error of a task whose body threw, or whose command or prompt failed.
public struct TaskFailedError: WorkflowError, NestedFailure {
    public let code: WorkflowErrorCode
    public let taskID: TaskID?
    public let taskName: String?
    /// The error that the body threw, unchanged: `error.cause as? MyError` gives it back.
    public let cause: (any Error)?

    /// All attempts that failed, in order; of very many, the first one and the latest ones. Empty for a task without
    /// retries, timeout, deadline and fallback.
    public let failedAttempts: [AttemptFailure]

    /// The error that the body threw after a service that it uses had ended: the ``cause`` is then the
    /// ``ServiceFailure``.
    public let bodyError: (any Error)?

    /// The origin of the failure; nil if the cause names no task.
    package let origin: FailureOrigin?

    public var message: String {
        var text = cause.map { origin?.text(of: $0) ?? String(describing: $0) } ?? "failed"
        if let bodyError {
            text += "\n  the task itself failed with: \(FailureOrigin(of: bodyError).text(of: bodyError))"
        }
        return failedAttempts.count > 1 ? "\(text) (the last of \(failedAttempts.last!.attempt) failed attempts)" : text
    }

    package init(
        _ error: any Error, _ taskID: TaskID, _ taskName: String, failedAttempts: [AttemptFailure],
        bodyError: (any Error)?
    ) {
        self.failedAttempts = failedAttempts
        self.bodyError = bodyError
        origin = error is any NestedFailure ? FailureOrigin(of: error) : nil
        code = Self.code(of: error)
        self.taskID = taskID
        self.taskName = taskName
        cause = error
    }

    private static func code(of error: any Error) -> WorkflowErrorCode {
        switch error {
        case is TaskTimeoutError: .timedOut
        case is DeadlineExceededError: .deadlineExceeded
        case let error as any WorkflowError where error.code == .emptyPrompt: .emptyPrompt
        default: .taskFailed
        }
    }
}
