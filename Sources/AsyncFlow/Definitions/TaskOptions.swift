import AsyncFlowBase

/// The options of one task definition.
struct TaskOptions: Sendable {
    var backendName: String?
    var workflowID: String?
    var capturesStdio = false
    var gracePeriod: Duration = .seconds(5)
    var policies = TaskPolicies()
    var resources = ResourceRequest()
    /// What only a feature, or one kind of backend, understands.
    var values = TypedValues()
    /// Whether a command has ranks, even if only one.
    var isParallel = false
    /// Whether outcomes of a function or block are recorded.
    var recalls = false
    var recording = RecordingOptions()
    /// The language of a function that isn't Swift's; only backends for it can call it.
    var language: String?
    /// Makes what keeps the turn of the task when that has ended.
    var makeTurnKeeper: (@Sendable (TaskDefinition) -> any TurnKeeper)?
    /// What a process gets before SIGTERM, and how long it may take then.
    var stopSignal: (number: Int32, patience: Duration)?

    /// The limits of the definition, if it has any.
    var limit: TaskLimit? { policies.limit == TaskLimit() ? nil : policies.limit }

    /// Whether a function or block needs more than to be run once, at once.
    var needManagement: Bool {
        policies.governsAttempts || limit != nil || policies.priority != .normal || !resources.isEmpty
    }

    /// What is wrong with them, if anything.
    var problem: RefusalReason? {
        let ownProblems = values.all.lazy.compactMap { ($0 as? any CheckedOptions)?.problem(in: self) }
        let problem = ownProblems.first ?? policies.problem ?? resources.problem ?? endProblem
        return problem.map { RefusalReason(.invalidOption, $0) }
    }

    /// What is wrong with how it is to be ended.
    private var endProblem: String? {
        if gracePeriod < .zero { return ".gracePeriod(\(gracePeriod.shortText)): it has to be 0 or more" }
        guard let stopSignal else { return nil }
        if stopSignal.patience < .zero {
            return
                ".stopSignal(\(stopSignal.number), patience: \(stopSignal.patience.shortText)): the patience has to be "
                + "0 or more"
        }
        return (1...64).contains(stopSignal.number)
            ? nil : ".stopSignal(\(stopSignal.number)): there is no signal of this number"
    }
}

/// Options of a feature that may be wrong by themselves, or together with others.
protocol CheckedOptions: Sendable {
    /// What is wrong with them, if anything.
    func problem(in options: TaskOptions) -> String?
}

extension TaskKind {
    /// Whether outcomes are recorded without being asked for.
    var recalls: Bool { self == .executable || self == .prompt || self == .portable }

    /// - Parameter isRanked: whether a priority was given.
    func defaultCores(isRanked: Bool) -> Int { self == .executable || (self == .function && isRanked) ? 1 : 0 }
}

extension BackendSlot {
    /// Why a task can never have what it asks for, if so.
    func shortfall(for request: ResourceRequest, of kind: TaskKind) -> RefusalReason? {
        guard let capacity = scheduler.capacity else { return nil }
        return capacity.shortfall(
            for: request, defaultCores: kind.defaultCores(isRanked: false), owner: "backend '\(name)'"
        )
        .map { RefusalReason(.insufficientResources, $0) }
    }
}
