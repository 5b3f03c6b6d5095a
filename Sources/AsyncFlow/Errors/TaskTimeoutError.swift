import AsyncFlowBase

/// The error of an attempt that took longer than ``TaskOption/timeout(_:)`` allows. It is the cause of a
/// ``TaskFailedError`` if that attempt was the last.
public struct TaskTimeoutError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The time that an attempt may take.
    public let timeout: Duration
    /// The number of the attempt, starting at 1.
    public let attempt: Int
    /// The maximum number of attempts.
    public let maximumAttempts: Int

    public var description: String {
        let text = "timed out after \(timeout.shortText)"
        return maximumAttempts > 1 ? "\(text) (attempt \(attempt) of \(maximumAttempts))" : text
    }
}
