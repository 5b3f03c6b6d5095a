import AsyncFlowBase

/// One attempt of a task that didn't succeed.
public struct AttemptFailure: Sendable, CustomStringConvertible {
    /// 1 for the first one.
    public let attempt: Int
    /// What it ended with: what the body threw, or a ``TaskTimeoutError`` or ``DeadlineExceededError``.
    public let error: any Error
    /// When it began, since the engine was made, on the engine's clock. The same as ``ended`` if it failed before its
    /// body began.
    public let started: Duration
    /// When it ended, since the engine was made, on the engine's clock.
    public let ended: Duration

    /// How long it took.
    public var duration: Duration { ended - started }

    public var description: String { "attempt \(attempt), after \(duration.shortText): \(error)" }
}
