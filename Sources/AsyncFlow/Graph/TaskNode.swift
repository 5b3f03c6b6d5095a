import Synchronization

/// What a task does: its body with its arguments. It ends the node that it is given.
@usableFromInline
enum TaskWork {
    case synchronous((TaskNode) -> Void)
    case asynchronous(AsyncBody)

    /// Runs where its caller runs: starting it doesn't look for another executor.
    @usableFromInline typealias AsyncBody = nonisolated(nonsending) @Sendable (TaskNode) async -> Void
}

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
    /// Whether it may be among the engine's running tasks when it ends: it may have suspended.
    @exclusivity(unchecked) private var mayHaveSuspended = false
    /// Whether one of its dependencies is a task of another engine, which this engine's shutdown doesn't end.
    @exclusivity(unchecked) private var waitsForOtherEngine = false
    private let observers = ObserverList()
    /// The edges to its dependencies: in `fewEdges`, or in memory of their own when there are more than fit.
    @exclusivity(unchecked) private var edges: UnsafeMutablePointer<DependencyEdge>?
    @exclusivity(unchecked) private var fewEdges = FewEdges()
    /// The body with its arguments; dropped when the task starts or ends.
    @usableFromInline @exclusivity(unchecked) var work: TaskWork?
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
        super.init(isTask: true)
        if dependencyCount > FewEdges.capacity {
            edges = .allocate(capacity: dependencyCount)
        } else if dependencyCount > 0 {
            edges = FewEdges.pointer(to: &fewEdges)
        }
    }

    deinit { releaseEdges() }

    private func releaseEdges() {
        if edgeCount > FewEdges.capacity { edges?.deallocate() }
        edges = nil
    }

    var engine: EngineCore { definition.engine }
    var id: TaskID { TaskID(engine: engine.ordinal, number: number) }
    var currentPhase: TaskPhase { phase.load(ordering: .acquiring) }
    /// Whether the outcome may be read.
    @usableFromInline var hasEnded: Bool { observers.isClosed }

    /// Why it has no value, or nil if it has. Only after the end.
    @usableFromInline var error: (any Error)? {
        // Also what makes the outcome visible to this thread, however it learnt of the end.
        precondition(hasEnded, "the outcome of a task was read before its end")
        return currentPhase == .done ? nil : outcome.error
    }

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

    /// Notes that this task waits for another one. Before ``submit(refusal:)``.
    @usableFromInline
    func depend(on dependency: TaskNode) {
        (edges.unsafelyUnwrapped + Int(edgeCount)).initialize(to: DependencyEdge(from: self, to: dependency))
        edgeCount += 1
    }

    private var dependencies: UnsafeMutableBufferPointer<DependencyEdge> { .init(start: edges, count: Int(edgeCount)) }

    /// The tasks that it depends on. Before ``submit(refusal:)``.
    var dependencyNodes: [TaskNode] { dependencies.map(\.dependency) }

    /// Dependencies and body are known: the task runs as soon as the last dependency has ended.
    ///
    /// - Parameter refusal: why it can't run, if that is known already.
    @usableFromInline
    func submit(refusal: TaskRefusedError? = nil) {
        _ = Unmanaged.passRetained(self)
        if engine.isObserved { engine.emitCreation(of: self, dependencies: dependencies.map(\.dependency.id)) }
        membership?.block?.insert(self)
        if let refusal = refusal ?? engine.refusal(of: self) { refuse(refusal) }
        unresolved.store(edgeCount + 1, ordering: .relaxed)
        var resolved: Int32 = 1
        for index in 0..<Int(edgeCount) {
            let edge = edges.unsafelyUnwrapped + index
            let dependency = edge.pointee.dependency
            if dependency.observe(edge) {
                if dependency.engine !== engine { waitForOtherEngine() }
                continue
            }
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
        releaseEdges()
        if waitsForOtherEngine { engine.running.remove(self) }
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

    /// An immediate shutdown of this engine has to find and cancel the task; nothing else here will end it.
    private func waitForOtherEngine() {
        guard !waitsForOtherEngine else { return }
        waitsForOtherEngine = true
        engine.running.insert(self) { [unowned self] in cancel(.engineShutDown) }
    }

    // MARK: - Running

    override func run(on worker: Worker) {
        switch start() {
        case .synchronous(let body): runSynchronously(body, on: worker)
        case .asynchronous(let body): AsyncRunner.run(self, body, on: worker)
        case nil: break
        }
        Unmanaged.passUnretained(self).release()
    }

    /// Takes the task to run it.
    ///
    /// - Returns: the body with its arguments, or nil when the task has ended.
    func start() -> TaskWork? {
        if engine.isShuttingDown { refuse(TaskCancelledError(self, cause: .engineShutDown)) }
        guard step({ $0.start() }) == .run else { return nil }
        if engine.isObserved { engine.emit(.taskStarted, of: self) }
        return takeWork()
    }

    private func takeWork() -> TaskWork {
        let work = self.work.unsafelyUnwrapped
        self.work = nil
        if case .asynchronous = work { mayHaveSuspended = true }
        return work
    }

    func runSynchronously(_ body: (TaskNode) -> Void, on worker: Worker) {
        worker.currentTask = self
        body(self)
        worker.currentTask = nil
    }

    /// Hands the task to its backend, on Swift's own threads: blocking bodies on the workers don't keep a command from
    /// starting or a prompt from being sent.
    func dispatch() {
        if engine.isShuttingDown { refuse(TaskCancelledError(self, cause: .engineShutDown)) }
        if step({ $0.dispatch() }) == .run, case .asynchronous(let body) = takeWork() {
            let task = Task.detached {
                await ExecutionContext.$bound.withValue(.task(self, inside: self.membership)) { await body(self) }
            }
            engine.running.insert(self) { task.cancel() }
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
            finish(
                as: .cancelled,
                error: TaskCancelledError(self, cause: engine.isInterrupting ? .engineShutDown : .body(error)))
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
            outcome.store(error: TaskCancelledError(self, cause: interruptionCause(dropped)))
        }
        // A body that ended on the worker where it started never suspended, and was never entered.
        if mayHaveSuspended, Worker.current?.currentTask !== self { engine.running.remove(self) }
        var batch = ReadyBatch(of: engine)
        tellObservers(&batch)
        batch.settle()
    }

    /// Why a running body was interrupted.
    private func interruptionCause(_ dropped: (any Error)?) -> TaskCancelledError.Cause {
        if engine.isInterrupting { return .engineShutDown }
        if let block = membership?.block, block.isCancelled { return .block(block.taskID) }
        return .requested(dropped)
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
            engine.interrupt(self)
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
        if definition.usesFiles { engine.files.forget(self) }
        observers.close(self, &batch)
        engine.taskEnded()
    }
}
