import Synchronization

/// One task in the graph: its phase, the number of its unresolved dependencies, its observers, its work and its
/// outcome.
///
/// There is no central table: a node is kept alive by the futures that users hold, by the arguments of its dependents,
/// and by itself (+1, "in flight") from submission until its last edge has been used and its run, if any, has started.
/// Only the atomics `phase`, `unresolved` and `observers` are shared between threads; the rest is written before
/// submission, or by the one thread that owns the run or the end of the node, and is published by those atomics.
@usableFromInline
class TaskNode: TaskObserver, @unchecked Sendable {
    // In this order the node takes 120 bytes: as much as the C library's allocator on Linux frees from any thread
    // without a lock, and two cache lines.
    private let phase = Atomic<TaskPhase>(.waiting)
    /// Whether one of the dependencies is a task of another engine, which this engine's shutdown doesn't end.
    @exclusivity(unchecked) private var waitsForOtherEngine = false
    /// The number of dependencies that haven't ended, plus one until submission.
    private let unresolved = Atomic<Int32>(0)
    @usableFromInline final let definition: TaskDefinition
    final let number: UInt64
    /// The block and workflow scope in which it was made, if any.
    final let membership: Membership?
    private let observers = ObserverList()
    @usableFromInline @exclusivity(unchecked) final var content = TaskContent.nothing
    /// The number of dependencies whose edges may still be used.
    @exclusivity(unchecked) private var edgeCount: Int32
    @exclusivity(unchecked) private var edges: DependencyEdges

    /// - Parameter dependencyCount: the number of calls of ``depend(on:)`` that will follow.
    @usableFromInline
    init(_ definition: TaskDefinition, _ work: TaskWork, dependencyCount: Int) {
        self.definition = definition
        number = definition.uncountedEngine { $0.makeTaskNumber() }
        membership = Membership.forNewTask(of: definition)
        content = .work(work)
        edgeCount = Int32(dependencyCount)
        edges = DependencyEdges(count: edgeCount)
        super.init(isPlainTask: !definition.isManaged)
    }

    deinit { releaseEdges() }

    private func edgePointer() -> UnsafeMutablePointer<DependencyEdge> { edges.pointer(count: edgeCount) }

    private func releaseEdges() {
        edges.release(count: edgeCount)
        edgeCount = 0
    }

    /// Returns whether the arguments of a task may be kept in the node itself, in place of the edges that it doesn't
    /// have: only plain bits, which need no clean-up.
    @inlinable
    static func keepsArguments<Arguments>(_: Arguments.Type) -> Bool {
        _isPOD(Arguments.self) && MemoryLayout<Arguments>.size <= 32
            && MemoryLayout<Arguments>.alignment <= MemoryLayout<UInt>.alignment
    }

    @usableFromInline final var argumentWords: DependencyEdges.Words {
        get { edges.words }
        set { edges.words = newValue }
    }

    /// Keeps the arguments; see ``keepsArguments(_:)``.
    @inlinable
    final func keep<Arguments>(_ arguments: Arguments) {
        var words: DependencyEdges.Words = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { $0.storeBytes(of: arguments, as: Arguments.self) }
        argumentWords = words
    }

    /// Returns the arguments that were kept.
    @inlinable
    final func keptArguments<Arguments>(_: Arguments.Type) -> Arguments {
        withUnsafeBytes(of: argumentWords) { $0.load(as: Arguments.self) }
    }

    var engine: EngineCore { definition.engine }
    /// Calls a closure with the engine, without reference counting, for work that is done for every task.
    @inline(__always)
    private func withEngine<Result>(_ body: (EngineCore) -> Result) -> Result { definition.uncountedEngine(body) }
    var id: TaskID { TaskID(engine: engine.ordinal, number: number) }
    var currentPhase: TaskPhase { phase.load(ordering: .acquiring) }
    /// Whether the outcome may be read.
    @usableFromInline var hasEnded: Bool { observers.isClosed }

    /// The error with which the task ended; nil if it has a value. Only after the end.
    @usableFromInline var error: (any Error)? {
        // This check also makes the outcome visible to this thread, however it learned of the end.
        precondition(hasEnded, "the outcome of a task was read before its end")
        return currentPhase == .done ? nil : content.error
    }

    /// The attempt that was begun, or handed to the backend, last; 0 before the first.
    var attempt: Int {
        switch currentPhase {
        case .waiting, .announcing, .announcingCancelled: 0
        case .dispatched, .running, .cancelling, .done, .failed, .cancelled: 1
        }
    }

    /// The attempts that have failed so far.
    var failedAttempts: [AttemptFailure] { [] }
    /// The resources that the running attempt requested, or that the next one requests.
    var request: ResourceRequest { definition.options.resources }
    /// The resources that the running attempt holds.
    var allocation: ResourceAllocation? { nil }
    /// The failure for which the fallback stands in; nil if the running body is that of an attempt.
    var failureBeforeFallback: TaskFailedError? { nil }
    /// The output of the task's command while it runs; nil for a task that can't have any.
    var output: OutputHub? { nil }
    /// The object that a feature has attached to the task.
    var attachment: (any TaskAttachment)? { nil }
    /// Attaches an object to the task. Before the task is submitted; only for a managed task.
    func attach(_ attachment: any TaskAttachment) { preconditionFailure("only a managed task can have attachments") }
    /// The object that keeps the task's turn after its end, if any.
    var keeper: (any TurnKeeper)? { nil }
    /// The command and files of the attempt that runs or ran last.
    var execution: SharedExecution? { definition.options.values.isEmpty ? nil : engine.executions[self] }
    /// Changes the execution; does nothing for a task that has neither command nor files.
    func note(_ change: (inout TaskExecution) -> Void) {
        if !definition.options.values.isEmpty { engine.executions.note(change, of: self) }
    }
    /// The details of the event of its start.
    var startDetails: EventDetails? { nil }

    /// Whether the running body should stop.
    var shouldStop: Bool { currentPhase == .cancelling || engine.isInterrupting }

    /// Whether all dependencies have ended.
    final var isResolved: Bool { unresolved.load(ordering: .acquiring) == 0 }

    /// Applies one event to the pure state machine, atomically.
    @inline(__always)
    final func step(_ event: (inout TaskPhase) -> TaskPhase.Action) -> TaskPhase.Action {
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

    // MARK: - From creation to the queue

    /// Notes that this task waits for another one. To be called before ``submit(refusal:)``.
    @usableFromInline
    func depend(on dependency: TaskNode) {
        let index = Int(unresolved.load(ordering: .relaxed))
        (edgePointer() + index).initialize(to: DependencyEdge(from: self, to: dependency))
        unresolved.store(Int32(index + 1), ordering: .relaxed)
    }

    /// The tasks that it depends on. Valid before ``submit(refusal:)``.
    final var dependencyNodes: [TaskNode] {
        UnsafeBufferPointer(start: edgePointer(), count: Int(edgeCount)).map { $0.dependency { $0 } }
    }
    /// The ids of the tasks that it depends on.
    final var dependencyIDs: [TaskID] {
        UnsafeBufferPointer(start: edgePointer(), count: Int(edgeCount)).map { $0.dependency { $0.id } }
    }

    /// Submits the task, whose dependencies and body are known: it runs as soon as the last dependency has ended.
    ///
    /// - Parameter refusal: the reason why it can't run, if it is known already. Its type is one word, which costs
    ///   nothing for the many tasks that aren't refused.
    @usableFromInline
    func submit(refusal: (any Error)? = nil) {
        _ = Unmanaged.passRetained(self)
        withEngine { engine in
            if engine.isObserved { emitCreation() }
            if let membership { membership.block?.insert(self) }
            if refusal != nil || engine.mayRefuse(self), let refusal = refusal ?? engine.refusal(of: self) {
                refuse(refusal)
            }
        }
        let count = Int(edgeCount)
        unresolved.store(edgeCount + 1, ordering: .relaxed)
        var resolved: Int32 = 1
        var withoutValue: [TaskNode] = []
        for edge in edgePointer()..<edgePointer() + count {
            edge.pointee.dependency { dependency in
                if dependency.observers.add(edge) {
                    if !dependency.isInSameEngine(as: self) { waitForOtherEngine() }
                } else {
                    resolved += 1
                    if dependency.currentPhase != .done { withoutValue.append(dependency) }
                }
            }
        }
        if !withoutValue.isEmpty { giveUp(because: withoutValue) }
        if unresolved.subtract(resolved, ordering: .acquiringAndReleasing).newValue == 0, becomeReady() {
            goOn()
        }
    }

    /// Sends the task to where it runs, because all its dependencies had ended when it was called. Takes over the
    /// in-flight reference.
    func goOn() { withEngine { $0.pool.submit(self) } }

    func isInSameEngine(as other: TaskNode) -> Bool {
        definition.uncountedEngine == other.definition.uncountedEngine
    }

    /// - Returns: whether the edge's observer will be notified; if not, the task has ended.
    func observe(_ edge: UnsafeMutablePointer<DependencyEdge>) -> Bool { observers.add(edge) }

    override func dependencyEnded(_ dependency: TaskNode, ready: inout ReadyBatch) {
        if dependency.currentPhase != .done { giveUp(because: [dependency], &ready) }
        if unresolved.subtract(1, ordering: .acquiringAndReleasing).newValue == 0, becomeReady() {
            ready.append(self)
        }
    }

    /// Notes that all dependencies have ended.
    ///
    /// - Returns: whether the task is to be queued, which takes over its in-flight reference; false if it has ended.
    private func becomeReady() -> Bool {
        releaseEdges()
        if waitsForOtherEngine { engine.running.remove(self) }
        if !withEngine({ $0.isObserved ? announceReadiness() : !currentPhase.isTerminal }) {
            Unmanaged.passUnretained(self).release()
            return false
        }
        return true
    }

    /// Notifies the readers of events. Everything else that happens to the task in the meantime is reported afterwards.
    ///
    /// - Returns: whether the task may continue.
    private func announceReadiness() -> Bool {
        guard step({ $0.announce() }) == .announce else { return false }
        emit(.taskResolved)
        emit(.taskQueued, attempt: 1)
        guard step({ $0.announced() }) == .end else { return true }
        endUnrun(TaskCancelledError(self, cause: interruptionCause(nil)))
        return false
    }

    /// Makes the task known to an immediate shutdown of this engine, which has to cancel it: nothing else here will end
    /// it.
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
        case .handedOver(let handOver): handOver(self)
        case nil: break
        }
        Unmanaged.passUnretained(self).release()
    }

    override func end(because error: WorkerThreadError) {
        refuse(TaskRefusedError(error.reason, of: self))
        Unmanaged.passUnretained(self).release()
    }

    /// Takes the task to run it.
    ///
    /// - Returns: the body with its arguments; nil if the task has ended.
    func start() -> TaskWork? {
        if withEngine({ $0.isShuttingDown }) { refuse(TaskCancelledError(self, cause: engine.stopCause)) }
        if definition.isDispatched { return step({ $0.dispatch() }) == .run ? takeWork() : nil }
        guard step({ $0.start() }) == .run else { return nil }
        withEngine { if $0.isObserved { emitStart() } }
        return takeWork()
    }

    private func takeWork() -> TaskWork {
        guard case .work(let work) = content else { fatalError("a task has no body") }
        content = .nothing
        return work
    }

    func runSynchronously(_ body: (TaskNode) -> Void, on worker: Worker) {
        worker.currentTask = self
        if let instrument = withEngine({ $0.instrument.current }) {
            instrument.run(TaskContext(self)) { body(self) }
        } else {
            body(self)
        }
        worker.currentTask = nil
    }

    @inline(__always)
    final nonisolated(nonsending) func runInstrumented(_ body: TaskWork.AsyncBody) async {
        guard let instrument = withEngine({ $0.instrument.current }) else { return await body(self) }
        await instrument.run(TaskContext(self)) { await body(self) }
    }

    /// Notes that the backend begins a task that was dispatched to it, or that it began some time ago.
    func begin(ago: Duration = .zero) {
        if step({ $0.begin() }) == .announce, engine.isObserved { emitStart(ago: ago) }
    }

    /// Ends the task with a value that its body returned. Called once, on the thread where the body ended.
    @inlinable
    func succeed<Value>(_ value: Value) {
        content = TaskContent(value: value)
        finish()
    }

    @usableFromInline
    func finish() {
        end(after: step { $0.finish(as: .done) }, as: .done)
    }

    /// Ends the task with an error that its body threw. Called once, on the thread where the body ended.
    @usableFromInline
    func fail(_ error: any Error) {
        let isCancellation = error is CancellationError || error is TaskCancelledError
        if isCancellation {
            finish(
                as: .cancelled,
                error: TaskCancelledError(self, cause: engine.isInterrupting ? engine.stopCause : .body(error)))
        } else {
            finish(as: .failed, error: TaskFailedError(error, of: self))
        }
    }

    final func finish(as end: TaskPhase, error: any Error) {
        content = TaskContent(error: error)
        self.end(after: step { $0.finish(as: end) }, as: end)
    }

    /// Ends a task that ran. The only place that does.
    private func end(after action: TaskPhase.Action, as end: TaskPhase) {
        if action == .dropOutcome {
            let dropped = end == .failed ? content.error : nil
            content = TaskContent(error: TaskCancelledError(self, cause: interruptionCause(dropped)))
        }
        var batch = ReadyBatch(of: definition.uncountedEngine)
        tellObservers(&batch)
        batch.settle()
    }

    /// Returns the reason why a running body was interrupted.
    final func interruptionCause(_ dropped: (any Error)?) -> TaskCancelledError.Cause {
        if engine.isInterrupting { return engine.stopCause }
        if let block = membership?.block, block.isCancelled { return .block(block.taskID) }
        return .requested(dropped)
    }

    // MARK: - Ending without having run

    /// Cancels the task: at once if its body hasn't begun, otherwise by interrupting the body, which ends it when it
    /// stops.
    ///
    /// - Returns: whether this call is the one that cancelled it.
    @discardableResult
    func cancel(_ cause: TaskCancelledError.Cause) -> Bool {
        switch step({ $0.cancel() }) {
        case .end:
            endUnrun(TaskCancelledError(self, cause: cause))
            return true
        case .endSoon:
            return true
        case .interrupt:
            engine.interrupt(self)
            return true
        case .nothing, .run, .queue, .announce, .keepOutcome, .dropOutcome:
            return false
        }
    }

    /// Cancels the task if none of its bodies is running at this moment.
    func cancelUnlessBegun(_ cause: TaskCancelledError.Cause) {
        if currentPhase == .waiting { cancel(cause) }
    }

    /// Ends the task because dependencies failed or were cancelled, unless it has already begun or ended.
    ///
    /// - Parameter dependencies: those that are known to have ended without a value, at least one; the first one
    ///   determines whether the task fails or is cancelled.
    private func giveUp(because dependencies: [TaskNode], _ batch: inout ReadyBatch) {
        if dependencies[0].currentPhase == .cancelled {
            if step({ $0.giveUp(as: .cancelled) }) == .end {
                endUnrun(TaskCancelledError(self, cause: .dependency(dependencies[0].failedTask)), &batch)
            }
        } else if step({ $0.giveUp(as: .failed) }) == .end {
            let failed = dependencies.filter { $0.currentPhase == .failed }
            endUnrun(DependencyFailureError(of: self, because: failed), &batch)
        }
    }

    private func giveUp(because dependencies: [TaskNode]) {
        var batch = ReadyBatch(of: definition.uncountedEngine)
        giveUp(because: dependencies, &batch)
        batch.settle()
    }

    /// Ends the task because it can't run at all: wrong routing, an engine that was shut down, an invalid definition.
    @usableFromInline
    func refuse(_ error: any Error) {
        let end: TaskPhase = error is TaskCancelledError ? .cancelled : .failed
        guard step({ $0.giveUp(as: end) }) == .end else { return }
        endUnrun(error)
    }

    final func endUnrun(_ error: any Error) {
        var batch = ReadyBatch(of: definition.uncountedEngine)
        endUnrun(error, &batch)
        batch.settle()
    }

    private func endUnrun(_ error: any Error, _ batch: inout ReadyBatch) {
        content = TaskContent(error: error)
        batch.ended.append(self)
    }

    /// Publishes the outcome, which has been written, and notifies every observer. This is the last step of a task.
    func tellObservers(_ batch: inout ReadyBatch) {
        withEngine { engine in
            if currentPhase == .failed { engine.noteFailure(of: self) }
            if engine.isObserved || (engine.events.isObserved && currentPhase == .failed) { engine.emitEnd(of: self) }
        }
        if let membership { membership.block?.remove(self) }
        observers.close(self, &batch)
        if currentPhase == .cancelled, (content.error as? TaskCancelledError)?.wasRefusedByDrain == true {
            return engine.refusedTaskEnded()
        }
        withEngine { $0.taskEnded() }
    }
}
