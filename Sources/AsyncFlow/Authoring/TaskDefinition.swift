/// What all calls of one task have in common, apart from its typed body.
@usableFromInline
class TaskDefinition: @unchecked Sendable {  // immutable
    @usableFromInline final let engine: EngineCore
    final let name: String
    final let kind: TaskKind
    final let options: TaskOptions
    /// The backend that runs it; nil for blocks and what else the engine itself runs.
    final let backend: BackendSlot?
    /// Why none of its tasks can run, if so: `ownRefusal`, or because no backend can.
    final let refusal: RefusalReason?
    final let ownRefusal: RefusalReason?

    /// Whether its tasks go to a backend with a queue of its own, which says when they begin.
    final let isDispatched: Bool
    /// Whether its tasks have working directories of their own.
    @usableFromInline final let usesFiles: Bool

    init(_ other: TaskDefinition) {
        engine = other.engine
        name = other.name
        kind = other.kind
        options = other.options
        backend = other.backend
        refusal = other.refusal
        ownRefusal = other.ownRefusal
        isDispatched = other.isDispatched
        usesFiles = other.usesFiles
    }

    /// For a function that the engine itself runs, whatever its backends can: `map`, `flatMap`, `all`.
    init(derivedIn engine: EngineCore, name: String, refusal: RefusalReason? = nil) {
        self.engine = engine
        self.name = name
        kind = .function
        options = TaskOptions()
        backend = nil
        self.refusal = refusal
        ownRefusal = refusal
        isDispatched = false
        usesFiles = false
    }

    init(
        engine: EngineCore, name: String, kind: TaskKind, options: TaskOptions,
        ownRefusal: RefusalReason? = nil
    ) {
        self.engine = engine
        self.name = name
        self.kind = kind
        self.options = options
        self.ownRefusal = ownRefusal
        isDispatched = kind == .executable || kind == .prompt
        usesFiles =
            options.wantsDirectory
            || (kind == .executable && engine.configuration.files.linksDependencyDirectories)
        switch engine.router.route(kind, to: options.backendName, isDryRun: engine.configuration.dryRun) {
        case .success(let slot):
            backend = slot
            refusal = ownRefusal
        case .failure(let problem):
            backend = nil
            refusal = ownRefusal ?? problem
        }
    }
}
