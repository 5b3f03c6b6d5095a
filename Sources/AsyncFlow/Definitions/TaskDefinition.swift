/// The part of a definition that all calls of one task share, apart from its typed body.
@usableFromInline
class TaskDefinition: @unchecked Sendable {  // immutable
    /// Separates the reference count, which every task changes, from the fields that every task reads.
    private final let padding: CacheLine = (0, 0, 0, 0, 0, 0, 0, 0)
    @usableFromInline final let engine: EngineCore
    /// The engine without reference counting, for work that is done for every task.
    final let uncountedEngine: Uncounted<EngineCore>
    final let name: String
    final let kind: TaskKind
    final let options: TaskOptions
    /// The backend that runs the tasks; nil for blocks and everything else that the engine itself runs.
    final let backend: BackendSlot?
    /// The reason why none of its tasks can run, if there is one: `ownRefusal`, or that no backend can run them.
    final let refusal: RefusalReason?
    final let ownRefusal: RefusalReason?

    /// Whether its tasks' bodies run on Swift's own threads, because they do little but wait: blocking bodies on the
    /// engine's threads then don't keep a command from starting or a prompt from being sent. Such a task begins when
    /// its backend says so.
    final let isDispatched: Bool
    /// Whether its tasks have a fallback, which their body calls when it is run again after a failure.
    final let hasFallback: Bool
    /// Whether its tasks wait for their turn, or may have several attempts, a limited time or a fallback.
    final let isManaged: Bool
    /// Whether the outcomes of its tasks may be recalled from an earlier run.
    final let recalls: Bool
    /// Identifies the tasks that share the limits of the definition: its own and those of copies with other options.
    final let limitID: UInt64
    /// The name of the task at the beginning of a chain of `map` and `flatMap`, and this one's distance from it.
    private final let origin: String?
    private final let depth: Int

    init(_ other: TaskDefinition, isManaged: Bool) {
        engine = other.engine
        uncountedEngine = Uncounted(engine)
        name = other.name
        kind = other.kind
        options = other.options
        backend = other.backend
        refusal = other.refusal
        ownRefusal = other.ownRefusal
        isDispatched = other.isDispatched
        hasFallback = other.hasFallback
        self.isManaged = isManaged
        recalls = other.recalls
        limitID = other.limitID
        origin = other.origin
        depth = other.depth
    }

    /// Creates the definition of a function that the engine itself runs on the value of another task: `map`, `flatMap`.
    ///
    /// - Parameter suffix: the suffix added to the other one's name. The n-th in a chain gets a number instead of n
    ///   suffixes, so that names stay short.
    convenience init(derivedFrom other: TaskDefinition, _ suffix: String, refusal: RefusalReason? = nil) {
        let origin = other.origin ?? other.name
        let depth = other.depth + 1
        self.init(
            derivedIn: other.engine, name: depth == 1 ? "\(origin).\(suffix)" : "\(origin).\(suffix)(\(depth))",
            refusal: refusal, origin: origin, depth: depth)
    }

    /// Creates the definition of a function that the engine itself runs, whatever its backends can run: `map`,
    /// `flatMap`, `all`.
    init(
        derivedIn engine: EngineCore, name: String, refusal: RefusalReason? = nil, origin: String? = nil, depth: Int = 0
    ) {
        self.origin = origin
        self.depth = depth
        self.engine = engine
        uncountedEngine = Uncounted(engine)
        self.name = name
        kind = .function
        options = TaskOptions()
        backend = nil
        self.refusal = refusal
        ownRefusal = refusal
        isDispatched = false
        hasFallback = false
        isManaged = false
        recalls = false
        limitID = 0
    }

    init(
        engine: EngineCore, name: String, kind: TaskKind, options: TaskOptions,
        ownRefusal: RefusalReason? = nil, limitID: UInt64? = nil, hasFallback: Bool = false
    ) {
        self.engine = engine
        uncountedEngine = Uncounted(engine)
        self.name = name
        self.kind = kind
        self.options = options
        self.ownRefusal = ownRefusal
        self.limitID = limitID ?? engine.makeLimitID()
        self.hasFallback = hasFallback
        recalls = engine.memory != nil && (options.recalls || kind.recalls)
        origin = nil
        depth = 0
        let need = TaskNeed(kind: kind, language: options.language)
        switch engine.router.route(need, to: options.backendName, isDryRun: engine.configuration.dryRun) {
        case .success(let slot):
            backend = slot
            let isDryRun = engine.configuration.dryRun
            let shortfall = isDryRun ? nil : slot?.shortfall(for: options.resources, of: kind)
            refusal = ownRefusal ?? options.problem ?? shortfall
        case .failure(let problem):
            backend = nil
            refusal = ownRefusal ?? problem
        }
        let startsElsewhere =
            kind == .portable && backend?.backend.reportsStart == true && !engine.configuration.dryRun
        isDispatched = kind == .executable || kind == .prompt || kind == .service || startsElsewhere
        // A task that is handed over needs nothing that waits for it.
        let isHandedOver = startsElsewhere && backend?.backend is any PortableReceiver
        isManaged = (isDispatched && !isHandedOver) || hasFallback || options.needManagement
    }

    /// The number of cores its tasks need if they don't say: none for a task that needs no process, unless it has a
    /// priority and so queues with those that need cores.
    final var defaultCores: Int { kind.defaultCores(isRanked: options.policies.priority != .normal) }

    /// Returns the node of a call.
    @usableFromInline
    final func makeNode(_ work: TaskWork, dependencyCount: Int) -> TaskNode {
        isManaged
            ? ManagedTaskNode(self, work, dependencyCount: dependencyCount)
            : TaskNode(self, work, dependencyCount: dependencyCount)
    }
}
