import AsyncFlowBase

/// One attempt of a task that didn't succeed.
public struct AttemptFailure: Sendable, CustomStringConvertible {
    /// The number of the attempt, starting at 1.
    public let attempt: Int
    /// The error that ended it: one that the body threw, or a ``TaskTimeoutError`` or ``DeadlineExceededError``.
    public let error: any Error
    /// The time at which it began, since the engine was made, on the engine's clock. The same as ``ended`` if it failed
    /// before its body began.
    public let started: Duration
    /// The time at which it ended, since the engine was made, on the engine's clock.
    public let ended: Duration

    /// The time that it took.
    public var duration: Duration { ended - started }

    public var description: String { "attempt \(attempt), after \(duration.shortText): \(error)" }
}
