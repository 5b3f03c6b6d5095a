import AsyncFlowBase

/// A task that is more than a body to run once: it waits for its turn on a backend, or may have several attempts, a
/// limited time or a fallback.
///
/// Pure state machines make the decisions: ``ManagedLife`` about what comes next, ``ResourceQueue`` about whose turn it
/// is. This class carries them out.
@usableFromInline
final class ManagedTaskNode: TaskNode, @unchecked Sendable {
    struct Run: @unchecked Sendable {  // its work is only ever done by one thread at a time
        var life: ManagedLife
        /// The resources that the next attempt requests.
        var request: ResourceRequest
        /// The work of the attempts and the fallback, kept until no more of them can come.
        var work: TaskWork?
        /// The Swift task of the running body.
        var body: Task<Void, Never>?
        var allocation: ResourceAllocation?
        /// The reason why its turn didn't come at once.
        var waitCause: WaitCause?
        /// The command and files of the attempt.
        var execution: SharedExecution?
        /// The error that ended the last attempt or the fallback.
        var error: (any Error)?
        /// The error that the body threw after something that it uses had ended; the task then fails with that other
        /// failure.
        var bodyError: (any Error)?
        /// The last failed attempt that readers of events have been notified of.
        var toldAttempt = 0
        var attemptTimer: TimerID?
        var deadlineTimer: TimerID?
        /// The output of its commands, once somebody reads it or a command runs.
        var output: OutputHub?
        var recall = Recall.open
        /// The object that the engine's memory keeps for the call.
        var recollection: (any AnyObject & Sendable)?
        var withdrawal: Withdrawal?
    }

    /// The state of looking for the outcome of an earlier run.
    enum Recall { case open, looking, done }

    let run: Lock<Run>
    private let ownKeeper: (any TurnKeeper)?
    override var keeper: (any TurnKeeper)? { ownKeeper }
    @exclusivity(unchecked) private var ownAttachment: (any TaskAttachment)?
    override var attachment: (any TaskAttachment)? { ownAttachment }
    override func attach(_ attachment: any TaskAttachment) { ownAttachment = attachment }

    override init(_ definition: TaskDefinition, _ work: TaskWork, dependencyCount: Int) {
        let options = definition.options
        let attempts = AttemptMachine(
            options.policies, hasFallback: definition.hasFallback, created: definition.engine.timers.now())
        run = Lock(Run(life: ManagedLife(attempts), request: options.resources, work: work))
        ownKeeper = options.makeTurnKeeper?(definition)
        super.init(definition, work, dependencyCount: dependencyCount)
        ownKeeper?.introduce(self)
    }

    var policies: TaskPolicies { definition.options.policies }
    var timers: Timers { engine.timers }
    /// The scheduler from which the task gets its turn; nil for a block without a limit, which needs none.
    var scheduler: ResourceScheduler? {
        if let backend = definition.backend { return backend.scheduler }
        return definition.options.limit == nil ? nil : engine.router.blockScheduler
    }

    // MARK: - Properties that users see

    /// The attempt that had its turn last; 0 before the first.
    override var attempt: Int { run.withLock { $0.life.attempt } }
    /// The attempts that failed; empty for a task with a single attempt and no time limit or fallback.
    override var failedAttempts: [AttemptFailure] {
        guard policies.governsAttempts || definition.hasFallback else { return [] }
        return run.withLock { $0.life.attempts.failures }
    }
    override var request: ResourceRequest { run.withLock { $0.request } }
    override var allocation: ResourceAllocation? { run.withLock { $0.allocation } }
    override var execution: SharedExecution? { run.withLock { $0.execution } }
    override var startDetails: EventDetails? {
        let (allocation, cause, execution) = run.withLock { ($0.allocation, $0.waitCause, $0.execution) }
        if allocation == nil, cause == nil, execution == nil { return nil }
        return .started(allocation: allocation, waitCause: cause, execution: execution)
    }
    override func note(_ change: (inout TaskExecution) -> Void) {
        run.withLock { run in
            var execution = run.execution?.value ?? TaskExecution()
            change(&execution)
            run.execution = SharedExecution(execution)
        }
    }
    override var failureBeforeFallback: TaskFailedError? {
        let failure = run.withLock { $0.life.stage == .fallingBack ? $0.life.failure : nil }
        return failure.map(error)
    }
    /// Whether the body runs before its turn, only to look up the outcome of an earlier run.
    var isRecalling: Bool { definition.recalls && run.withLock { $0.recall == .looking } }
    override var shouldStop: Bool { super.shouldStop || run.withLock { $0.life.isInterrupted } }

    /// The output of the task's commands, made when somebody reads it or a command runs, but not after the task's end.
    override var output: OutputHub? {
        let hasEnded = currentPhase.isTerminal
        return run.withLock { run in
            if run.output == nil, !hasEnded { run.output = OutputHub() }
            return run.output
        }
    }

    // MARK: - Before an attempt begins

    override func submit(refusal: (any Error)?) {
        var refusal = refusal
        if let attachment {
            attachment.attach(to: self)
            if definition.refusal == nil { refusal = refusal ?? attachment.refusal(of: self) }
        }
        super.submit(refusal: refusal)
        // The timer must not start earlier: a task must not end before it has been called.
        guard let deadline = run.withLock({ $0.life.stage == .over ? nil : $0.life.attempts.deadlineTime }) else {
            return
        }
        let timer = timers.schedule(at: deadline) { self.deadlineIsOver() }
        let isTooLate = run.withLock { run in
            if run.life.stage != .over { run.deadlineTimer = timer }
            return run.life.stage == .over
        }
        if isTooLate { timers.cancel(timer) }
    }

    override func goOn() {
        attachment?.dependenciesEnded(of: self)
        if let withdrawal = run.withLock({ $0.withdrawal }) { giveUp(because: withdrawal) }
        engine.running.insert(self) { [unowned self] in interruptBody() }
        perform(advance { $0.ready(at: $1) })
        Unmanaged.passUnretained(self).release()
    }

    /// Queues an attempt for its turn.
    func enqueue(_ attempt: Int) {
        if engine.isShuttingDown { return cancelBecauseEngineStops() }
        if let withdrawal = run.withLock({ $0.withdrawal }) { return giveUp(because: withdrawal) }
        guard let scheduler, !engine.configuration.dryRun else {
            if !turnHasCome(attempt, nil, nil) { turnWasDeclined() }
            return
        }
        if definition.recalls, engine.memory?.mayRecall == true, run.withLock({ $0.recall == .open }) {
            if !begin(attempt, nil, nil, recall: .looking) { turnWasDeclined() }
            return
        }
        let request = run.withLock { $0.life.isQueued(attempt) ? $0.request : nil }
        guard let request else { return }
        let options = definition.options
        scheduler.submit(
            keeper?.turn(of: self) ?? self, number, attempt, request, defaultCores: definition.defaultCores,
            priority: options.policies.priority.level, limit: options.limit.map { (definition.limitID, $0) })
        // A caller that ended the wait before the attempt was in the queue couldn't remove it.
        if run.withLock({ $0.life.isObsolete(attempt) }) { scheduler.remove(number, attempt) }
    }

    /// Begins an attempt, which has its resources.
    ///
    /// - Parameter waitCause: the reason why it had to wait, if it did.
    /// - Returns: whether it begins, and will give its resources back by ``ResourceScheduler/remove(_:_:)``; if not,
    ///   the caller takes them back.
    func turnHasCome(_ attempt: Int, _ allocation: ResourceAllocation?, _ waitCause: WaitCause?) -> Bool {
        begin(attempt, allocation, waitCause, recall: .done)
    }

    /// - Parameter recall: whether the body runs before its turn, to look up the outcome of an earlier run.
    private func begin(
        _ attempt: Int, _ allocation: ResourceAllocation?, _ waitCause: WaitCause?, recall: Recall
    ) -> Bool {
        if engine.isShuttingDown { return false }
        let work: TaskWork? = run.withLock { run in
            guard run.life.turnHasCome(attempt, self) else { return nil }
            run.allocation = allocation
            run.waitCause = waitCause
            run.execution = nil
            run.recall = recall
            return run.work
        }
        guard let work else { return false }
        launch(work)
        return true
    }

    /// Notes that the task doesn't hold the resources that it declined.
    func turnWasDeclined() {
        if engine.isShuttingDown { cancelBecauseEngineStops() }
    }

    /// Fails an attempt whose resources have grown beyond what there is.
    func turnNeverComes(_ attempt: Int, _ reason: String) {
        let last = run.withLock { $0.life.attempts.failures.last }
        let text = last.map { "\(reason); attempt \($0.attempt) had failed: \($0.error)" } ?? reason
        let error = TaskRefusedError(RefusalReason(.insufficientResources, text), of: self, cause: last?.error)
        perform(
            advance { attempts, now in
                attempts.attemptFailed(attempt, error, canRetry: false, at: now, random: 0)
            })
    }

    // MARK: - Running

    /// Runs the body of an attempt or of the fallback.
    func launch(_ work: TaskWork) {
        switch work {
        case .synchronous:
            _ = Unmanaged.passRetained(self)
            engine.pool.submit(self)
        case .handedOver: preconditionFailure("a task with attempts is never handed over")
        case .asynchronous(let body):
            let turn = run.withLock { $0.life.turn }
            let life: @Sendable () async -> Void = { await self.live(body) }
            let task =
                definition.isDispatched
                ? Task.detached(operation: life) : Task.detached(executorPreference: engine.pool, operation: life)
            let isTooLate = run.withLock { run in
                guard run.life.turn == turn else { return false }
                run.body = task
                return run.life.isInterrupted
            }
            if isTooLate { task.cancel() }
        }
    }

    /// Runs an async body.
    private func live(_ body: TaskWork.AsyncBody) async {
        if !definition.isDispatched, !isRecalling { begin() }
        if shouldStop { return fail(CancellationError()) }
        await ExecutionContext.$bound.withValue(.task(self, inside: membership)) { await runInstrumented(body) }
    }

    /// Runs a synchronous body on a thread that is free.
    override func run(on worker: Worker) {
        if !isRecalling { begin() }
        if shouldStop {
            fail(CancellationError())
        } else if case .synchronous(let body)? = run.withLock({ $0.work }) {
            runSynchronously(body, on: worker)
        }
        Unmanaged.passUnretained(self).release()
    }

    /// Fails the attempt, which already has its turn.
    override func end(because error: WorkerThreadError) {
        fail(TaskRefusedError(error.reason, of: self))
        Unmanaged.passUnretained(self).release()
    }

    override func begin(ago: Duration = .zero) {
        let now = timers.now() - ago
        var announces = false
        let next = decide { life in
            let (isFirst, step) = life.bodyBegins(self, at: now)
            announces = isFirst
            return step
        }
        if announces, engine.isObserved { emitStart(ago: ago) }
        perform(next)
    }

    // MARK: - Ends of bodies

    override func finish() {
        perform(
            bodyEnded(with: nil) { attempts, attempt, now, random in
                attempts.attemptSucceeded(attempt, at: now, random: random)
            } orFallback: {
                $0.fallbackSucceeded()
            })
    }

    func finishWithValue() { super.finish() }

    override func fail(_ thrown: any Error) {
        if definition.recalls, thrown is NotRecalled { return waitForTurn() }
        let isCancellation = thrown is CancellationError || thrown is TaskCancelledError
        if !isCancellation, isHeldBack(thrown) { return }
        let failure = run.withLock { run in
            let failure = run.life.stage == .attempting ? run.withdrawal?.failure : nil
            run.bodyError = failure == nil || isCancellation ? nil : thrown
            return failure
        }
        fail(failure ?? thrown, isCancellation: isCancellation && failure == nil, canRetry: failure == nil)
    }

    /// Queues the task, because no outcome is known, unless it was interrupted in the meantime.
    private func waitForTurn() {
        let attempt = run.withLock { run -> Int? in
            run.recall = .done
            guard let attempt = run.life.returnToQueue(self) else { return nil }
            run.body = nil
            return attempt
        }
        guard let attempt else { return fail(CancellationError()) }
        enqueue(attempt)
    }

    private func fail(_ error: any Error, isCancellation: Bool, canRetry: Bool) {
        let canRetry = !isCancellation && canRetry && policies.retry?.covers(error) ?? false
        perform(
            bodyEnded(with: error) { attempts, attempt, now, random in
                if isCancellation { return attempts.attemptCancelled(attempt, at: now, random: random) }
                return attempts.attemptFailed(attempt, error, canRetry: canRetry, at: now, random: random)
            } orFallback: {
                isCancellation ? $0.fallbackCancelled() : $0.fallbackFailed()
            })
    }

    /// Gives back the attempt's resources before anything else begins.
    private func bodyEnded(
        with error: (any Error)?,
        _ event: (inout AttemptMachine, _ attempt: Int, _ now: Duration, _ random: Double) -> AttemptMachine.Action,
        orFallback fallbackEvent: (inout AttemptMachine) -> AttemptMachine.Action
    ) -> Decision {
        let (timer, attempt) = run.withLock { run in
            run.error = error
            run.body = nil
            run.allocation = nil
            return (run.attemptTimer.take(), run.life.bodyEnded())
        }
        if let timer { timers.cancel(timer) }
        guard let attempt else { return advance { attempts, _ in fallbackEvent(&attempts) } }
        if error != nil || keeper?.keepTurn(in: scheduler) != true { scheduler?.remove(number, attempt) }
        let random = Double.random(in: 0..<1)
        return advance { event(&$0, attempt, $1, random) }
    }

    // MARK: - Time

    func timeIsOver(for attempt: Int) {
        let error = run.withLock { $0.life.attempts.timeoutError(of: attempt) }
        let canRetry = policies.retry?.covers(error) ?? false
        perform(advance { attempts, _ in attempts.timeoutFired(attempt, canRetry: canRetry) })
    }

    private func deadlineIsOver() {
        let now = timers.now()
        perform(decide { $0.deadlineFired(self, isResolved: isResolved, at: now) })
    }

    // MARK: - Cancellation

    override func cancel(_ cause: TaskCancelledError.Cause) -> Bool {
        let (action, body) = run.withLock { run in (run.life.cancel(self), run.body) }
        return carryOut(action, body, cause)
    }

    override func cancelUnlessBegun(_ cause: TaskCancelledError.Cause) {
        let (action, body) = run.withLock { run in (run.life.cancelUnlessBegun(self), run.body) }
        _ = carryOut(action, body, cause)
    }

    private func carryOut(
        _ action: TaskPhase.Action, _ body: Task<Void, Never>?, _ cause: TaskCancelledError.Cause
    ) -> Bool {
        switch action {
        case .end: endUnrun(TaskCancelledError(self, cause: cause))
        case .interrupt: body?.cancel()
        case .endSoon: break
        case .nothing, .run, .queue, .announce, .keepOutcome, .dropOutcome: return false
        }
        return true
    }

    func cancelBecauseEngineStops() { cancelUnlessBegun(engine.stopCause) }

    func interruptBody() {
        let body = run.withLock { run in
            run.life.interrupt()
            return run.body
        }
        body?.cancel()
    }

    // MARK: - The end

    override func tellObservers(_ batch: inout ReadyBatch) {
        letGo()
        super.tellObservers(&batch)
    }

    /// Removes everything of the task from queues and timers, because its outcome is known.
    private func letGo() {
        let (kept, timers, queuedAttempt, output) = run.withLock { run in
            let queuedAttempt = run.life.end()
            let kept = (run.work.take(), run.body.take())
            return (kept, [run.attemptTimer.take(), run.deadlineTimer.take()], queuedAttempt, run.output)
        }
        for timer in timers { if let timer { self.timers.cancel(timer) } }
        if let queuedAttempt { scheduler?.remove(number, queuedAttempt) }
        engine.running.remove(self)
        output?.finish()
        attachment?.detach(from: self)
        _ = kept  // what the bodies hold ends outside of the lock
    }
}
