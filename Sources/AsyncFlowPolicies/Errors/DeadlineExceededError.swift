import AsyncFlowBase

/// The error of a task that had no value when its ``TaskOption/deadline(_:)`` passed; the cause of its
/// ``TaskFailedError``.
public struct DeadlineExceededError: WorkflowError {
    /// The time that the task was allowed in all, counted from the call.
    public let deadline: Duration
    /// The number of attempts; 0 if the task was still waiting for its dependencies or its turn.
    public let attempts: Int
    /// The error of the last attempt that failed before the deadline, if there was one.
    public let lastError: (any Error)?

    public var code: WorkflowErrorCode { .deadlineExceeded }
    /// ``WorkflowErrorCode/timedOut``: for a task that awaited this one, time ran out.
    public var failureCode: WorkflowErrorCode? { .timedOut }
    public var message: String {
        let progress =
            switch attempts {
            case 0: "it hadn't begun"
            case 1: "1 attempt"
            default: "\(attempts) attempts"
            }
        let text = "not done within its deadline of \(deadline.shortText) (\(progress))"
        return lastError.map { "\(text); the last failure before that: \($0)" } ?? text
    }
}
