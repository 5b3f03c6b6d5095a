import AsyncFlowBase

/// The options of one task definition.
struct TaskOptions: Sendable {
    var backendName: String?
    var workflowID: String?
    var capturesStdio = false
    var gracePeriod: Duration = .seconds(5)
    var policies = TaskPolicies()
    var resources = ResourceRequest()
    /// Options that only one feature, or one kind of backend, understands.
    var values = TypedValues()
    /// Whether a command has ranks, even if only one.
    var isParallel = false
    /// Whether outcomes of a function or block are recorded.
    var recalls = false
    var recording = RecordingOptions()
    /// The language of a function that isn't written in Swift; only backends for that language can call it.
    var language: String?
    /// Makes the object that keeps the task's turn after the task has ended.
    var makeTurnKeeper: (@Sendable (TaskDefinition) -> any TurnKeeper)?
    /// The signal that a process gets before SIGTERM, and the time that it then has to end.
    var stopSignal: (number: Int32, patience: Duration)?

    /// The limits of the definition, if it has any.
    var limit: TaskLimit? { policies.limit == TaskLimit() ? nil : policies.limit }

    /// Whether a function or block needs more than a single, immediate run.
    var needManagement: Bool {
        policies.governsAttempts || limit != nil || policies.priority != .normal || !resources.isEmpty
    }

    /// The reason why the options can't work, if there is one.
    var problem: RefusalReason? {
        let ownProblems = values.all.lazy.compactMap { ($0 as? any CheckedOptions)?.problem(in: self) }
        let problem = ownProblems.first ?? policies.problem ?? resources.problem ?? endProblem
        return problem.map { RefusalReason(.invalidOption, $0) }
    }

    /// The reason why the options for stopping a process can't work, if there is one.
    private var endProblem: String? {
        if gracePeriod < .zero { return ".gracePeriod must be at least 0, got \(gracePeriod.shortText)" }
        guard let stopSignal else { return nil }
        if stopSignal.patience < .zero {
            return
                ".stopSignal(_:patience:) must have a patience of at least 0, got \(stopSignal.patience.shortText)"
        }
        return (1...64).contains(stopSignal.number)
            ? nil : ".stopSignal(_:patience:) must have a signal from 1 to 64, got \(stopSignal.number)"
    }
}

/// Options of a feature that may be invalid by themselves or together with others.
protocol CheckedOptions: Sendable {
    /// Returns the reason why the options can't work, if there is one.
    func problem(in options: TaskOptions) -> String?
}

extension TaskKind {
    /// Whether outcomes are recorded by default.
    var recalls: Bool { self == .executable || self == .prompt || self == .portable }

    /// - Parameter isRanked: whether a priority was given.
    func defaultCores(isRanked: Bool) -> Int { self == .executable || (self == .function && isRanked) ? 1 : 0 }
}

extension BackendSlot {
    /// Returns the reason why a task can never have the resources that it requests, if there is one.
    func shortfall(for request: ResourceRequest, of kind: TaskKind) -> RefusalReason? {
        guard let capacity = scheduler.capacity else { return nil }
        return capacity.shortfall(
            for: request, defaultCores: kind.defaultCores(isRanked: false), owner: "backend '\(name)'"
        )
        .map { RefusalReason(.insufficientResources, $0) }
    }
}
