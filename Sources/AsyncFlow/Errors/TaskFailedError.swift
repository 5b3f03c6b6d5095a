/// A task's own body threw, or its command or prompt failed.
public struct TaskFailedError: WorkflowError, NestedFailure {
    public let code: WorkflowErrorCode
    public let taskID: TaskID?
    public let taskName: String?
    /// What the body threw, unchanged: `error.cause as? MyError` gives it back.
    public let cause: (any Error)?

    /// All attempts that failed, in order; of very many, the first one and the latest. Empty for a task that has
    /// neither retries nor a timeout, a deadline or a fallback.
    public let failedAttempts: [AttemptFailure]

    /// What the body threw when a service that it uses had ended: the ``cause`` is the ``ServiceFailure`` then.
    public let bodyError: (any Error)?

    /// Nil if the cause names no task.
    let origin: FailureOrigin?

    public var message: String {
        var text = cause.map { origin?.text(of: $0) ?? String(describing: $0) } ?? "failed"
        if let bodyError {
            text += "\n  the task itself failed with: \(FailureOrigin(of: bodyError).text(of: bodyError))"
        }
        return failedAttempts.count > 1 ? "\(text) (the last of \(failedAttempts.last!.attempt) failed attempts)" : text
    }

    init(
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
