import AsyncFlowBase

/// The error of an attempt that took longer than ``TaskOption/timeout(_:)`` allows. It is the cause of a
/// ``TaskFailedError`` if that attempt was the last.
public struct TaskTimeoutError: WorkflowError, Hashable {
    /// The time that an attempt may take.
    public let timeout: Duration
    /// The number of the attempt, starting at 1.
    public let attempt: Int
    /// The maximum number of attempts.
    public let maximumAttempts: Int

    public var code: WorkflowErrorCode { .timedOut }
    public var message: String {
        let text = "timed out after \(timeout.shortText)"
        return maximumAttempts > 1 ? "\(text) (attempt \(attempt) of \(maximumAttempts))" : text
    }
}
