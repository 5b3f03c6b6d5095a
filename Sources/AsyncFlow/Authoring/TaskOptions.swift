import AsyncFlowBase

/// The options of one task definition.
struct TaskOptions: Sendable {
    var backendName: String?
    var workflowID: String?
    var capturesStdio = false
    var gracePeriod: Duration = .seconds(5)
    var policies = TaskPolicies()
    var resources = ResourceRequest()
    /// What only one kind of backend understands, by its type.
    var backendOptions: [ObjectIdentifier: any Sendable] = [:]
    /// Whether a command has ranks, even if only one.
    var isParallel = false
    /// Whether the task has a working directory of its own: it asks for one, or it takes or declares files.
    var wantsDirectory = false
    /// The declared files, as far as they don't depend on the arguments.
    var outputs: [OutputFile] = []
    var staging: FileStaging?
    var linksDependencyDirectories: Bool?
    /// Whether outcomes of a function or block are recorded.
    var recalls = false
    var recording = RecordingOptions()
    /// What makes the task a service.
    var service: ServiceSettings?
    /// What a service gets before SIGTERM, and how long it may take then.
    var stopSignal: (number: Int32, patience: Duration)?

    /// The limits of the definition, if it has any.
    var limit: TaskLimit? { policies.limit == TaskLimit() ? nil : policies.limit }

    /// Whether a function or block needs more than to be run once, at once.
    var needManagement: Bool {
        policies.governsAttempts || limit != nil || policies.priority != .normal || !resources.isEmpty
    }

    /// What is wrong with them, if anything.
    func problem(for kind: TaskKind) -> RefusalReason? {
        let problem = (kind == .service ? serviceProblem : nil) ?? policies.problem ?? resources.problem ?? endProblem
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

    /// What a task can't have that ends when it has only begun to be of use.
    private var serviceProblem: String? {
        if policies.retry != nil { return ".retry: a service is started again by what its restart: says" }
        if policies.timeout != nil { return ".timeout: how long a service may take to be ready is its startupTimeout:" }
        return service?.problem
    }
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
