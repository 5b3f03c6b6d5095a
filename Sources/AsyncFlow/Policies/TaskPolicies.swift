import AsyncFlowBase

/// What was said about a task's attempts, time and turn; nothing, by default.
struct TaskPolicies: Sendable {
    var retry: RetryPolicy?
    /// For each attempt, from when it begins.
    var timeout: Duration?
    /// For everything together, from the call.
    var deadline: Duration?
    /// How many tasks of the definition may run at the same time, and begin within a time.
    var limit = TaskLimit()
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
        if let count = limit.concurrent, count < 1 {
            return ".limit(concurrent: \(count)): no task could run; it has to be 1 or more"
        }
        if let rate = limit.rate {
            let option = ".rate(\(rate.count), per: \(rate.period.shortText))"
            if rate.count < 1 { return "\(option): no task could begin; the number has to be 1 or more" }
            if rate.period <= .zero { return "\(option): the period has to be more than 0" }
        }
        return nil
    }
}
