import AsyncFlowBase

/// A task had no value when ``TaskOption/deadline(_:)`` was over. The cause of its ``TaskFailedError``.
public struct DeadlineExceededError: Error, Sendable, CustomStringConvertible {
    /// How long the task might take in all, from the call.
    public let deadline: Duration
    /// How many attempts there were; 0 if the task was still waiting for its dependencies or its turn.
    public let attempts: Int
    /// What the last attempt that failed before that had failed with, if one had.
    public let lastError: (any Error)?

    public var description: String {
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
