import AsyncFlowBase

/// The options for a task's attempts, time limits and turn; none by default.
package struct TaskPolicies: Sendable {
    package var retry: RetryPolicy?
    /// The time limit of each attempt, from when it begins.
    package var timeout: Duration?
    /// The time limit for everything together, from the call.
    package var deadline: Duration?
    /// The limits to the number of tasks of the definition that run at the same time and that begin within a period.
    package var limit = TaskLimit()
    package var priority = Priority.normal

    package init(
        retry: RetryPolicy? = nil, timeout: Duration? = nil, deadline: Duration? = nil, limit: TaskLimit = TaskLimit(),
        priority: Priority = Priority.normal
    ) {
        self.retry = retry
        self.timeout = timeout
        self.deadline = deadline
        self.limit = limit
        self.priority = priority
    }

    /// Whether the task needs an ``AttemptMachine``: without one, it has one attempt and unlimited time.
    package var governsAttempts: Bool { retry != nil || timeout != nil || deadline != nil }

    /// The reason why an option can't work, if there is one: the option's name, its value and the allowed values.
    package var problem: String? {
        if let problem = retry?.problem { return ".retry: \(problem)" }
        if let timeout, timeout <= .zero {
            return ".timeout must be more than 0, got \(timeout.shortText)"
        }
        if let deadline, deadline <= .zero {
            return ".deadline must be more than 0, got \(deadline.shortText)"
        }
        if let count = limit.concurrent, count < 1 {
            return ".limit(concurrent:) must be at least 1, got \(count)"
        }
        if let rate = limit.rate {
            if rate.count < 1 { return ".rate(_:per:) must allow at least 1 start per period, got \(rate.count)" }
            if rate.period <= .zero {
                return ".rate(_:per:) must have a period of more than 0, got \(rate.period.shortText)"
            }
        }
        return nil
    }
}
