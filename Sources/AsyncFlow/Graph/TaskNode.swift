import Synchronization

/// One task in the graph: its phase, the count of unresolved dependencies, who waits for it, what it does, how it ended.
///
/// There is no central table: a node is kept alive by the futures that people hold, by the arguments of its dependents,
/// and by itself (+1, "in flight") from submission until its last edge was used and its run, if any, was started. Only
/// the atomics `phase`, `unresolved` and `observers` are shared between threads; the rest is written before submission,
/// or by the one thread that owns the run or the end of the node, and is handed on by those atomics.
@usableFromInline
final class TaskNode: TaskObserver, @unchecked Sendable {
    @usableFromInline let definition: TaskDefinition
    let number: UInt64
    /// The block and workflow scope that it was made in, if any.
    let membership: Membership?

    private let phase = Atomic<TaskPhase>(.waiting)
    /// Dependencies that haven't ended, plus one until submission.
    private let unresolved: Atomic<Int32>
    @exclusivity(unchecked) private var edgeCount: Int32 = 0
    /// Whether the body may suspend, so that it may be among the engine's running tasks when it ends.
    @exclusivity(unchecked) var hasAsyncBody = false
    private let observers = ObserverList()
    @exclusivity(unchecked) private var edges: UnsafeMutablePointer<DependencyEdge>?
    /// The body with its arguments; dropped when the task starts or ends.
    @usableFromInline @exclusivity(unchecked) var work: ((TaskNode) -> Void)?
    @usableFromInline @exclusivity(unchecked) var outcome = TaskOutcome()
    /// Links of the member list of the block it belongs to; guarded by the list's lock.
    @exclusivity(unchecked) unowned(unsafe) var nextMember: TaskNode?
    @exclusivity(unchecked) unowned(unsafe) var previousMember: TaskNode?

    /// - Parameter dependencyCount: how many times ``depend(on:)`` will be called, at most.
    @usableFromInline
    init(_ definition: TaskDefinition, dependencyCount: Int) {
        self.definition = definition
        number = definition.engine.makeTaskNumber()
        membership = Membership.forNewTask(of: definition)
        unresolved = Atomic(0)
        if dependencyCount > 0 { edges = .allocate(capacity: dependencyCount) }
        super.init()
    }

    deinit { edges?.deallocate() }

    var engine: EngineCore { definition.engine }
    var id: TaskID { TaskID(engine: engine.ordinal, number: number) }
    var currentPhase: TaskPhase { phase.load(ordering: .acquiring) }
    /// Whether the outcome may be read.
    @usableFromInline var hasEnded: Bool { observers.isClosed }

    /// Applies one event of the pure state machine, atomically.
    @inline(__always)
    private func step(_ event: (inout TaskPhase) -> TaskPhase.Action) -> TaskPhase.Action {
        var current = phase.load(ordering: .relaxed)
        while true {
            var next = current
            let action = event(&next)
            if next == current { return action }
            let (exchanged, original) = phase.weakCompareExchange(
                expected: current, desired: next, successOrdering: .acquiringAndReleasing, failureOrdering: .relaxed)
            if exchanged { return action }
            current = original
        }
    }

    // MARK: - From creation to the ready queue

    /// Notes that this task waits for another one. Before ``submit()``.
    @usableFromInline
    func depend(on dependency: TaskNode) {
        (edges.unsafelyUnwrapped + Int(edgeCount)).initialize(to: DependencyEdge(from: self, to: dependency))
        edgeCount += 1
    }

    private var dependencies: UnsafeMutableBufferPointer<DependencyEdge> { .init(start: edges, count: Int(edgeCount)) }

    /// Dependencies and body are known: the task runs as soon as the last dependency has ended.
    @usableFromInline
    func submit() {
        _ = Unmanaged.passRetained(self)
        membership?.block?.insert(self)
        if engine.isObserved { engine.emitCreation(of: self, dependencies: dependencies.map(\.dependency.id)) }
        if let refusal = engine.refusal(of: self) { refuse(refusal) }
        unresolved.store(edgeCount + 1, ordering: .relaxed)
        var resolved: Int32 = 1
        for index in 0..<Int(edgeCount) {
            let edge = edges.unsafelyUnwrapped + index
            let dependency = edge.pointee.dependency
            if dependency.observe(edge) { continue }
            resolved += 1
            if dependency.currentPhase != .done { giveUp(because: dependency) }
        }
        if unresolved.subtract(resolved, ordering: .acquiringAndReleasing).newValue == 0, becomeReady() {
            if definition.isDispatched { dispatch() } else { engine.pool.submit(self) }
        }
    }

    /// - Returns: whether the edge's observer will be told; if not, the task has ended.
    func observe(_ edge: UnsafeMutablePointer<DependencyEdge>) -> Bool { observers.add(edge) }

    override func dependencyEnded(_ dependency: TaskNode, ready: inout ReadyBatch) {
        if dependency.currentPhase != .done { giveUp(because: dependency, &ready) }
        if unresolved.subtract(1, ordering: .acquiringAndReleasing).newValue == 0, becomeReady() {
            ready.append(self)
        }
    }

    /// All dependencies have ended.
    ///
    /// - Returns: whether the task is to be queued, which takes over its in-flight reference; false when it has ended.
    private func becomeReady() -> Bool {
        edges?.deallocate()
        edges = nil
        if currentPhase.isTerminal {
            Unmanaged.passUnretained(self).release()
            return false
        }
        if engine.isObserved {
            engine.emit(.taskResolved, of: self)
            engine.emit(.taskQueued, of: self)
        }
        return true
    }

    // MARK: - Running

    override func run(on worker: Worker) {
        if engine.isShuttingDown { refuse(TaskCancelledError(self, cause: .engineShutDown)) }
        if step({ $0.start() }) == .run {
            if engine.isObserved { engine.emit(.taskStarted, of: self) }
            let body = work.unsafelyUnwrapped
            work = nil
            worker.currentTask = self
            body(self)
            worker.currentTask = nil
        }
        Unmanaged.passUnretained(self).release()
    }

    /// Hands the task to its backend, outside the workers: blocking bodies there don't keep a command from starting.
    func dispatch() {
        if engine.isShuttingDown { refuse(TaskCancelledError(self, cause: .engineShutDown)) }
        if step({ $0.dispatch() }) == .run {
            let body = work.unsafelyUnwrapped
            work = nil
            body(self)
        }
        Unmanaged.passUnretained(self).release()
    }

    /// The backend begins with a task that was dispatched to it.
    func begin() {
        if step({ $0.begin() }) == .announce, engine.isObserved { engine.emit(.taskStarted, of: self) }
    }

    /// The body returned a value. Called once, on the thread where the body ended.
    @inlinable
    func succeed<Value>(_ value: Value) {
        outcome.store(value)
        finish()
    }

    @usableFromInline
    func finish() {
        end(after: step { $0.finish(as: .done) }, as: .done)
    }

    /// The body threw. Called once, on the thread where the body ended.
    @usableFromInline
    func fail(_ error: any Error) {
        let isCancellation = error is CancellationError || error is TaskCancelledError
        if isCancellation {
            finish(as: .cancelled, error: TaskCancelledError(self, cause: .body(error)))
        } else {
            finish(as: .failed, error: TaskFailedError(error, of: self))
        }
    }

    private func finish(as end: TaskPhase, error: any Error) {
        outcome.store(error: error)
        self.end(after: step { $0.finish(as: end) }, as: end)
    }

    /// The one place where a task that ran ends.
    private func end(after action: TaskPhase.Action, as end: TaskPhase) {
        if action == .dropOutcome {
            let dropped = end == .failed ? outcome.error : nil
            outcome = TaskOutcome()
            outcome.store(error: TaskCancelledError(self, cause: .requested(dropped)))
        }
        if hasAsyncBody, Worker.current?.currentTask !== self { engine.running.remove(self) }
        var batch = ReadyBatch(of: engine)
        tellObservers(&batch)
        batch.settle()
    }

    // MARK: - Ending without having run

    /// Cancels the task: at once if its body hasn't begun, else by interrupting the body, which ends it when it stops.
    ///
    /// - Returns: whether this call is the one that cancelled it.
    @discardableResult
    func cancel(_ cause: TaskCancelledError.Cause = .requested(nil)) -> Bool {
        switch step({ $0.cancel() }) {
        case .end:
            var batch = ReadyBatch(of: engine)
            endUnrun(TaskCancelledError(self, cause: cause), &batch)
            batch.settle()
            return true
        case .interrupt:
            engine.running.interrupt(self)
            return true
        case .nothing, .run, .announce, .keepOutcome, .dropOutcome:
            return false
        }
    }

    /// Ends the task because a dependency failed or was cancelled, unless it has begun or ended already.
    private func giveUp(because dependency: TaskNode, _ batch: inout ReadyBatch) {
        if dependency.currentPhase == .cancelled {
            if step({ $0.giveUp(as: .cancelled) }) == .end {
                endUnrun(TaskCancelledError(self, cause: .dependency(dependency)), &batch)
            }
        } else if step({ $0.giveUp(as: .failed) }) == .end {
            let failed = dependencies.lazy.map(\.dependency).filter { $0.hasEnded && $0.currentPhase == .failed }
            let others = failed.filter { $0 !== dependency }
            endUnrun(DependencyFailureError(of: self, because: [dependency] + others), &batch)
        }
    }

    private func giveUp(because dependency: TaskNode) {
        var batch = ReadyBatch(of: engine)
        giveUp(because: dependency, &batch)
        batch.settle()
    }

    /// Ends the task because it can't run at all: wrong routing, an engine that was shut down, a bad definition.
    @usableFromInline
    func refuse(_ error: any WorkflowError) {
        let end: TaskPhase = error is TaskCancelledError ? .cancelled : .failed
        guard step({ $0.giveUp(as: end) }) == .end else { return }
        var batch = ReadyBatch(of: engine)
        endUnrun(error, &batch)
        batch.settle()
    }

    private func endUnrun(_ error: any Error, _ batch: inout ReadyBatch) {
        work = nil
        outcome.store(error: error)
        batch.ended.append(self)
    }

    /// The outcome is written: publishes it and tells everybody who waits. The last thing that happens to a task.
    func tellObservers(_ batch: inout ReadyBatch) {
        if engine.isObserved || (engine.events.isObserved && currentPhase == .failed) { engine.emitEnd(of: self) }
        membership?.block?.remove(self)
        observers.close(self, &batch)
        engine.taskEnded()
    }
}
