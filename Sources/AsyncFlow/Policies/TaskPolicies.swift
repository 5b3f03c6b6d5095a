/// What was said about a task's attempts, time and turn; nothing, by default.
struct TaskPolicies: Sendable {
    var retry: RetryPolicy?
    /// For each attempt, from when it begins.
    var timeout: Duration?
    /// For everything together, from the call.
    var deadline: Duration?
    /// How many tasks of the definition may run at the same time.
    var concurrencyLimit: Int?
    var rateLimit: RateLimit?
    var priority = Priority.normal

    /// Whether the task needs an ``AttemptMachine``: without one, it has one attempt and all the time it wants.
    var governsAttempts: Bool { retry != nil || timeout != nil || deadline != nil }

    /// What is wrong with them, if anything: with the option's name, the value and what it may be.
    var problem: String? {
        if let problem = retry?.problem { return ".retry: \(problem)" }
        if let timeout, timeout <= .zero {
            return ".timeout(\(timeout.shortText)): no attempt could succeed; it has to be more than 0"
        }
        if let deadline, deadline <= .zero {
            return ".deadline(\(deadline.shortText)): no attempt could begin; it has to be more than 0"
        }
        if let concurrencyLimit, concurrencyLimit < 1 {
            return ".limit(concurrent: \(concurrencyLimit)): no task could run; it has to be 1 or more"
        }
        return rateLimit?.problem
    }
}

extension TaskPolicies {
    /// The refusal of all tasks with these policies, if something is wrong with them.
    var refusal: RefusalReason? { problem.map { RefusalReason(.invalidOption, $0) } }
}

/// How many tasks may begin within a period.
struct RateLimit: Sendable, Hashable {
    var count: Int
    var period: Duration

    /// What is wrong with it, if anything.
    var problem: String? {
        if count < 1 {
            return ".rate(\(count), per: \(period.shortText)): no task could begin; the number has to be 1 or more"
        }
        guard period <= .zero else { return nil }
        return ".rate(\(count), per: \(period.shortText)): the period has to be more than 0"
    }
}
