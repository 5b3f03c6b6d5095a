extension TaskOption {
    /// Tries a failed task again.
    ///
    /// Each attempt waits for its turn again, like a new task. Cancelling the task ends it in whichever attempt it is,
    /// and in the pauses. The error of a task that failed in all its attempts is that of the last one.
    ///
    /// ```swift
    /// .retry(3)
    /// .retry(5, backoff: .exponential, jitter: .full, on: .exitCode(75), .outOfMemory, growing: .memory(times: 2))
    /// ```
    ///
    /// - Parameters:
    ///   - maximumRetries: how often, at most; there is one attempt more.
    ///   - backoff: how long to wait before each retry; not at all by default.
    ///   - jitter: how much of that wait is left to chance; nothing by default.
    ///   - classes: the failures that are tried again; every one if none is given. Cancelled and refused tasks, and
    ///     those whose dependencies failed, are never tried again.
    ///   - growth: what the next attempt gets more of.
    public static func retry(
        _ maximumRetries: Int, backoff: Backoff = .none, jitter: Jitter = .none, on classes: FailureClass...,
        growing growth: ResourceGrowth...
    ) -> Self {
        retry(
            RetryPolicy(
                maximumRetries: maximumRetries, backoff: backoff, jitter: jitter, on: classes, growing: growth))
    }

    /// Tries a failed task again, by a policy that several tasks may share.
    public static func retry(_ policy: RetryPolicy) -> Self { Self { $0.policies.retry = policy } }

    /// How long each attempt may take, from when it begins; waiting for its turn doesn't count.
    ///
    /// An attempt that takes longer is interrupted as if it were cancelled, and has failed with a ``TaskTimeoutError``
    /// when it has stopped, even if it returns a value then. A synchronous body is never interrupted from outside; it
    /// can look with ``TaskContext/checkCancellation()``.
    public static func timeout(_ duration: Duration) -> Self { Self { $0.policies.timeout = duration } }

    /// How long the task may take in all, from the call: dependencies, waiting, attempts and pauses.
    ///
    /// When the time is over, the running attempt is interrupted, and the task fails with a ``DeadlineExceededError``
    /// as soon as that has stopped. A retry that could only begin later isn't waited for.
    public static func deadline(_ duration: Duration) -> Self { Self { $0.policies.deadline = duration } }

    /// How many tasks of this definition may run at the same time.
    public static func limit(concurrent count: Int) -> Self { Self { $0.policies.limit.concurrent = count } }

    /// How many tasks of this definition may begin within a period.
    public static func rate(_ count: Int, per period: Duration) -> Self {
        Self { $0.policies.limit.rate = TaskLimit.Rate(count: count, period: period) }
    }
}

extension TaskOption where Kind: RoutableKind {
    /// Which of several ready tasks goes first.
    public static func priority(_ priority: Priority) -> Self { Self { $0.policies.priority = priority } }

    /// Which of several ready tasks goes first.
    ///
    /// - Parameter level: 0 is normal, more is more urgent.
    public static func priority(_ level: Int) -> Self { priority(Priority(level)) }
}
