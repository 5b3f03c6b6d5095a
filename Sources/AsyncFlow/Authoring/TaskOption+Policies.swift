extension TaskOption {
    /// Retries a failed task.
    ///
    /// Each attempt waits for its turn again, like a new task. Cancelling the task ends whichever attempt is running,
    /// or the pause between two. A task all of whose attempts failed has the error of the last one.
    ///
    /// ```swift
    /// .retry(3)
    /// .retry(5, backoff: .exponential, jitter: .full, on: .exitCode(75), .outOfMemory, growing: .memory(times: 2))
    /// ```
    ///
    /// - Parameters:
    ///   - maximumRetries: the maximum number of retries; there is one attempt more than that.
    ///   - backoff: the wait before each retry; none by default.
    ///   - jitter: the part of that wait that is random; none by default.
    ///   - classes: the failures that are retried; all of them if none is given. Tasks that were cancelled or refused,
    ///     or whose dependencies failed, are never retried.
    ///   - growth: the resources that each further attempt gets more of.
    public static func retry(
        _ maximumRetries: Int, backoff: Backoff = .none, jitter: Jitter = .none, on classes: FailureClass...,
        growing growth: ResourceGrowth...
    ) -> Self {
        retry(
            RetryPolicy(
                maximumRetries: maximumRetries, backoff: backoff, jitter: jitter, on: classes, growing: growth))
    }

    /// Retries a failed task by a policy that several tasks may share.
    public static func retry(_ policy: RetryPolicy) -> Self { Self { $0.policies.retry = policy } }

    /// Limits the time of each attempt, counted from when it begins; waiting for its turn doesn't count.
    ///
    /// An attempt that takes longer is interrupted as if it were cancelled. Once it has stopped, it has failed with a
    /// ``TaskTimeoutError``, even if it returns a value. A synchronous body is never interrupted from outside; it can
    /// poll with ``TaskContext/checkCancellation()``.
    public static func timeout(_ duration: Duration) -> Self { Self { $0.policies.timeout = duration } }

    /// Limits the total time of the task, counted from the call: dependencies, waiting, attempts and pauses.
    ///
    /// When the time is up, the running attempt is interrupted, and the task fails with a ``DeadlineExceededError`` as
    /// soon as that attempt has stopped. A retry that could begin only after the deadline isn't awaited.
    public static func deadline(_ duration: Duration) -> Self { Self { $0.policies.deadline = duration } }

    /// Limits the number of tasks of this definition that run at the same time.
    public static func limit(concurrent count: Int) -> Self { Self { $0.policies.limit.concurrent = count } }

    /// Limits the number of tasks of this definition that begin within a period.
    public static func rate(_ count: Int, per period: Duration) -> Self {
        Self { $0.policies.limit.rate = TaskLimit.Rate(count: count, period: period) }
    }
}

extension TaskOption where Kind: RoutableKind {
    /// Sets the task's place among several ready tasks.
    public static func priority(_ priority: Priority) -> Self { Self { $0.policies.priority = priority } }

    /// Sets the task's place among several ready tasks.
    ///
    /// - Parameter level: 0 is normal; a higher level is more urgent.
    public static func priority(_ level: Int) -> Self { priority(Priority(level)) }
}
