/// The options of one task definition.
struct TaskOptions: Sendable {
    var backendName: String?
    var workflowID: String?
    var capturesStdio = false
    var gracePeriod: Duration = .seconds(5)
    var policies = TaskPolicies()
    var resources = ResourceRequest()
    /// Whether a command has ranks, even if only one.
    var isParallel = false
    /// Whether the task has a working directory of its own: it asks for one, or it takes or declares files.
    var wantsDirectory = false
    /// The declared files, as far as they don't depend on the arguments.
    var outputs: [OutputFile] = []
    var staging: FileStaging?
    var linksDependencyDirectories: Bool?

    /// The limits of the definition, if it has any.
    var limit: TaskLimit? { policies.limit == TaskLimit() ? nil : policies.limit }

    /// Whether a function or block needs more than to be run once, at once.
    var needManagement: Bool {
        policies.governsAttempts || limit != nil || policies.priority != .normal || !resources.isEmpty
    }

    /// What is wrong with them, if anything.
    var problem: RefusalReason? {
        (policies.problem ?? resources.problem).map { RefusalReason(.invalidOption, $0) }
    }
}

extension TaskKind {
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
