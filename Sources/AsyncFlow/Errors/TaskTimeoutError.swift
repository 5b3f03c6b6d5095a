import AsyncFlowBase

/// An attempt took longer than ``TaskOption/timeout(_:)`` allows. The cause of a ``TaskFailedError``, if it was the
/// last.
public struct TaskTimeoutError: Error, Sendable, Hashable, CustomStringConvertible {
    /// How long an attempt may take.
    public let timeout: Duration
    /// Which attempt it was; 1 for the first one.
    public let attempt: Int
    /// How many attempts there may be.
    public let maximumAttempts: Int

    public var description: String {
        let text = "timed out after \(timeout.shortText)"
        return maximumAttempts > 1 ? "\(text) (attempt \(attempt) of \(maximumAttempts))" : text
    }
}
