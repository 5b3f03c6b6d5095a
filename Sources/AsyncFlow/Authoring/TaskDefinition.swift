/// What all calls of one task have in common, apart from its typed body.
@usableFromInline
final class TaskDefinition: Sendable {
    @usableFromInline let engine: EngineCore
    let name: String
    let kind: TaskKind
    let options: TaskOptions
    /// The backend that runs it; nil for blocks.
    let backend: BackendSlot?
    /// Why none of its tasks can run, if so: `ownRefusal`, or because no backend can.
    let refusal: RefusalReason?
    let ownRefusal: RefusalReason?

    /// Whether its tasks go to a backend with a queue of its own, which says when they begin.
    let isDispatched: Bool

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
