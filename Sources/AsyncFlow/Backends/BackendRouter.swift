import AsyncFlowBase
import Synchronization

/// The property of a task that decides which backends can run it.
struct TaskNeed: CustomStringConvertible {
    let kind: TaskKind
    /// The language of a function that isn't Swift's.
    var language: String?

    /// For error messages: `function tasks`.
    var description: String { language.map { "\($0) tasks" } ?? "\(kind) tasks" }
}

/// The backends of one engine, and the routing of its tasks to them.
final class BackendRouter: Sendable {
    private let slots: [BackendSlot]
    /// The scheduler of blocks that have a limit; they run in the engine itself.
    let blockScheduler: ResourceScheduler

    init(_ backends: [any Backend], _ timers: Timers) throws {
        guard !backends.isEmpty else {
            throw EngineError(.invalidConfiguration, "an engine needs at least one backend, but was given none")
        }
        var names: Set<String> = []
        for backend in backends where !names.insert(backend.name).inserted {
            throw EngineError(
                .invalidConfiguration, "two backends are named '\(backend.name)'; every backend needs a name of its own"
            )
        }
        blockScheduler = ResourceScheduler(capacity: nil, owner: "the engine", timers: timers)
        slots = backends.map { BackendSlot($0, timers) }
    }

    /// Finds the backend for a task: the named one, else the first that can run its kind.
    ///
    /// In a dry run every known backend is accepted for any kind of task, because none of them is asked to run it.
    ///
    /// - Returns: the backend's slot; nil for blocks, which run in the engine itself.
    func route(_ need: TaskNeed, to name: String?, isDryRun: Bool) -> Result<BackendSlot?, RefusalReason> {
        if need.kind == .block { return .success(nil) }
        if let name {
            guard let slot = slots.first(where: { $0.name == name }) else {
                return .failure(
                    RefusalReason(.unknownBackend, "there is no backend named '\(name)'; there are: \(listing)"))
            }
            guard slot.canRun(need) || isDryRun else {
                return .failure(
                    RefusalReason(
                        .unsupportedByBackend,
                        "backend '\(name)' can't run \(need); \(thoseThatCan(need))\(slot.advice(for: need.kind))"))
            }
            return .success(slot)
        }
        if let slot = slots.first(where: { $0.canRun(need) }) ?? (isDryRun ? slots.first : nil) {
            return .success(slot)
        }
        return .failure(
            RefusalReason(
                .unsupportedByBackend,
                "none of the engine's backends can run \(need); there are: \(listing)"))
    }

    /// Whether no task holds any backend's resources or waits for them.
    var isUnused: Bool { blockScheduler.isUnused && slots.allSatisfy { $0.scheduler.isUnused } }

    /// The number of tasks that wait for their turn.
    var waitingCount: Int { slots.reduce(blockScheduler.waitingCount) { $0 + $1.scheduler.waitingCount } }

    /// Returns the tasks that wait in vain for resources that others hold.
    func blockages() -> [ResourceScheduler.Blockage] {
        blockScheduler.blockages() + slots.flatMap { $0.scheduler.blockages() }
    }

    /// The number of cores of all backends that have a capacity.
    var coreCount: Int { slots.reduce(0) { $0 + ($1.scheduler.capacity?.cores ?? 0) } }

    private var listing: String { slots.map { "'\($0.name)' (\($0.abilities))" }.joined(separator: ", ") }

    private func thoseThatCan(_ need: TaskNeed) -> String {
        let able = slots.filter { $0.canRun(need) }.map { "'\($0.name)'" }
        return able.isEmpty ? "no backend of this engine can" : "those that can: \(able.joined(separator: ", "))"
    }

    /// Has the backends end what interrupted runs have left.
    func endLeftovers(_ memory: any CallMemory) {
        for slot in slots { slot.endLeftovers(memory.traces(of: slot.name)) }
    }

    /// Shuts down every backend that was started, one after the other, in reverse order.
    func shutdown() async {
        for slot in slots.reversed() { await slot.shutdown() }
    }
}

/// One backend of an engine; it is started when its first task needs it.
final class BackendSlot: Sendable {
    let backend: any Backend
    let name: String
    /// The scheduler that gives the backend's tasks their turn.
    let scheduler: ResourceScheduler
    private enum State {
        case unused, ready
        case starting(Task<Void, any Error>)
    }
    private let state = Lock(State.unused)
    private let leftovers = Lock<Task<Void, Never>?>(nil)
    private let hasStarted = Atomic<Bool>(false)
    /// Whether the backend has started.
    var isReady: Bool { hasStarted.load(ordering: .acquiring) }

    init(_ backend: any Backend, _ timers: Timers) {
        self.backend = backend
        name = backend.name
        scheduler = ResourceScheduler(capacity: backend.capacity, owner: "backend '\(name)'", timers: timers)
    }

    func canRun(_ need: TaskNeed) -> Bool {
        if need.kind == .portable, !callsFunctions(in: need.language) { return false }
        return switch need.kind {
        case .function: backend is any FunctionBackend
        case .portable: backend is any PortableBackend || backend is any FunctionBackend
        case .executable, .service: backend is any CommandBackend
        case .prompt: backend is any PromptBackend
        default: false
        }
    }

    /// - Parameter language: Nil for Swift.
    private func callsFunctions(in language: String?) -> Bool {
        guard let foreign = backend as? any ForeignBackend else { return language == nil }
        return language == nil ? foreign.callsSwiftFunctions : language == foreign.language
    }

    /// Returns advice for a kind of task that this backend can't run; empty if there is none.
    func advice(for kind: TaskKind) -> String {
        guard kind == .function, backend is any PortableBackend, !(backend is any ForeignBackend) else { return "" }
        return ". A closure can't be sent to another process: name it as a PortableTask, and define the task with "
            + "flow.portableTask"
    }

    /// For error messages: `functions, commands`.
    var abilities: String {
        var list: [String] = []
        if backend is any FunctionBackend { list.append("functions") }
        if let foreign = backend as? any ForeignBackend {
            if foreign.callsSwiftFunctions { list.append("portable tasks") }
            list.append("\(foreign.language) tasks")
        } else if backend is any PortableBackend {
            list.append("portable tasks")
        }
        if backend is any CommandBackend { list.append("commands") }
        if backend is any PromptBackend { list.append("prompts") }
        return list.isEmpty ? "nothing" : list.joined(separator: ", ")
    }

    /// Returns when the backend is ready, and starts it first if necessary.
    ///
    /// - Throws: ``EngineError`` if the backend can't be started; `CancellationError` as soon as the calling Swift task
    ///   is cancelled.
    func ready() async throws {
        if isReady { return }
        let starting = state.withLock { state -> Task<Void, any Error>? in
            switch state {
            case .ready: return nil
            case .starting(let task): return task
            case .unused:
                let task = Task.detached { [self] in
                    try await backend.start()
                    self.state.withLock { $0 = .ready }
                    hasStarted.store(true, ordering: .releasing)
                }
                state = .starting(task)
                return task
            }
        }
        if let starting { try await waitUntilStarted(starting) }
    }

    private func waitUntilStarted(_ starting: Task<Void, any Error>) async throws {
        // Awaiting the task itself wouldn't end when the waiting task is cancelled; iterating over a stream does.
        let (ends, end) = AsyncStream.makeStream(of: Result<Void, any Error>.self)
        Task.detached { end.yield(await starting.result) }
        for await result in ends {
            guard case .failure(let error) = result else { return }
            throw EngineError(.backendUnavailable, "backend '\(name)' didn't start: \(error)", cause: error)
        }
        throw CancellationError()
    }

    /// Has the backend end what interrupted runs have left, if it is one that leaves things.
    func endLeftovers(_ traces: [[UInt8]]) {
        guard !traces.isEmpty, let backend = backend as? any LeavingBackend else { return }
        leftovers.withLock { $0 = Task.detached { await backend.endLeftovers(traces) } }
    }

    /// Cancels a start that is still under way, and shuts the backend down if it has started.
    func shutdown() async {
        await leftovers.withLock { $0 }?.value
        let last = state.withLock { $0 }
        switch last {
        case .unused: return
        case .starting(let task):
            task.cancel()
            guard case .success = await task.result else { return }
        case .ready: break
        }
        await backend.shutdown()
    }
}
