import AsyncFlowBase

/// A task that is more than a body to run once: it waits for its turn on a backend, may have several attempts, a limited
/// time, a fallback.
///
/// Pure state machines decide: ``AttemptMachine`` what comes next in the task's life, ``ResourceQueue`` when its turn is.
/// Here is carried out what they say. ``TaskPhase`` still says who ends the task; it changes under the same lock as the
/// attempts, so that both always agree. How decisions are made and carried out is in the file of the ``Step``.
@usableFromInline
final class ManagedTaskNode: TaskNode, @unchecked Sendable {
    struct Run: @unchecked Sendable {  // its work is only ever done by one thread at a time
        var attempts: AttemptMachine
        var stage = Stage.idle
        /// The attempt whose turn came last; 0 before the first.
        var attempt = 0
        /// What the next attempt asks for.
        var request: ResourceRequest
        /// What the attempts and the fallback do, kept until no more of them can come.
        var work: TaskWork?
        /// Counts the bodies that were begun and that ended, so that what comes late finds that it does.
        var turn: UInt32 = 0
        /// The Swift task of the body that runs.
        var body: Task<Void, Never>?
        /// Whether that body has been told to stop.
        var isInterrupted = false
        var allocation: ResourceAllocation?
        /// Why its turn didn't come at once.
        var waitCause: WaitCause?
        /// The command and files of the attempt.
        var execution: SharedExecution?
        /// What the last attempt, or the fallback, ended with.
        var error: (any Error)?
        /// What the body threw when a service that it uses had ended, which is the error then.
        var bodyError: (any Error)?
        /// What the fallback stands in for.
        var failure: AttemptMachine.Failure?
        /// The last failed attempt that readers of events were told of.
        var toldAttempt = 0
        var attemptTimer: TimerID?
        var deadlineTimer: TimerID?
        /// What its commands write, once somebody reads it or a command runs.
        var output: OutputHub?
        /// The services among its arguments.
        var services: [Service] = []
        /// Finds those that come with the values of its dependencies.
        var servicesOfValues: (() -> [Service])?
        var recall = Recall.open
        /// What the engine's memory keeps of the call.
        var recollection: (any AnyObject & Sendable)?
        /// Why one of them has ended, if so.
        var serviceFailure: (failure: ServiceFailure, service: Service)?
    }

    enum Stage {
        /// Its dependencies haven't ended, or it is about to be looked at for the first time.
        case idle
        /// It waits for its turn.
        case queued
        case attempting
        /// It is told what has become of an attempt, or that the next one is queued. Whatever comes meanwhile is looked
        /// at afterwards.
        case telling
        /// It waits for the time of its next attempt.
        case pausing
        case fallingBack, over
    }

    /// Whether the outcome of an earlier run was looked for.
    enum Recall { case open, looking, done }

    let run: Lock<Run>
    /// What the task starts, if it is a service task.
    let service: Service?

    override init(_ definition: TaskDefinition, _ work: TaskWork, dependencyCount: Int) {
        let options = definition.options
        let attempts = AttemptMachine(
            options.policies, hasFallback: definition.hasFallback, created: definition.engine.timers.now())
        run = Lock(Run(attempts: attempts, request: options.resources, work: work))
        service = options.service.map { Service($0, definition) }
        super.init(definition, work, dependencyCount: dependencyCount)
        service?.introduce(self)
    }

    var policies: TaskPolicies { definition.options.policies }
    var timers: Timers { engine.timers }
    /// Where the task waits for its turn; nil for a block without a limit, whose turn is always.
    var scheduler: ResourceScheduler? {
        if let backend = definition.backend { return backend.scheduler }
        return definition.options.limit == nil ? nil : engine.router.blockScheduler
    }

    // MARK: - What people see

    /// The attempt whose turn came last; 0 before the first.
    override var attempt: Int { run.withLock { $0.attempt } }
    /// Those that failed; none for a task whose only attempt nothing was said about.
    var failedAttempts: [AttemptFailure] {
        guard policies.governsAttempts || definition.hasFallback else { return [] }
        return run.withLock { $0.attempts.failures }
    }
    /// What the attempt that runs asked for, or the next one asks for.
    var request: ResourceRequest { run.withLock { $0.request } }
    var allocation: ResourceAllocation? { run.withLock { $0.allocation } }
    override var execution: SharedExecution? { run.withLock { $0.execution } }
    override var startDetails: EventDetails? {
        let (allocation, cause, execution) = run.withLock { ($0.allocation, $0.waitCause, $0.execution) }
        if allocation == nil, cause == nil, execution == nil { return nil }
        return EventDetails(execution: execution, allocation: allocation, waitCause: cause)
    }
    override func note(_ change: (inout TaskExecution) -> Void) {
        run.withLock { run in
            var execution = run.execution?.value ?? TaskExecution()
            change(&execution)
            run.execution = SharedExecution(execution)
        }
    }
    /// Whether its body runs before its turn, only to look for the outcome of an earlier run.
    var isRecalling: Bool { definition.recalls && run.withLock { $0.recall == .looking } }
    override var shouldStop: Bool { super.shouldStop || run.withLock { $0.isInterrupted } }

    /// Where its command's output goes while it runs.
    var output: OutputHub {
        run.withLock { run in
            if let output = run.output { return output }
            let output = OutputHub()
            run.output = output
            return output
        }
    }

    /// - Returns: nil if nothing more comes.
    func makeOutputReader() -> OutputReader? {
        currentPhase.isTerminal ? run.withLock { $0.output }?.makeReader() : output.makeReader()
    }

    // MARK: - Until an attempt begins

    override func submit(refusal: TaskRefusedError?) {
        if definition.usesServices { for service in usedServices { service.attach(self) } }
        super.submit(refusal: refusal)
        // Not before: a task must not end before it was called.
        guard let deadline = run.withLock({ $0.stage == .over ? nil : $0.attempts.deadlineTime }) else { return }
        let timer = timers.schedule(at: deadline) { self.deadlineIsOver() }
        let isTooLate = run.withLock { run in
            if run.stage != .over { run.deadlineTimer = timer }
            return run.stage == .over
        }
        if isTooLate { timers.cancel(timer) }
    }

    override func goOn() {
        attachToServicesOfValues()
        if let end = run.withLock({ $0.serviceFailure }) { giveUp(because: end.failure, of: end.service) }
        engine.running.insert(self) { [unowned self] in interruptBody() }
        perform(advance { $0.ready(at: $1) })
        Unmanaged.passUnretained(self).release()
    }

    /// Waits for the turn of an attempt.
    func enqueue(_ attempt: Int) {
        if engine.isShuttingDown { return cancelBecauseEngineStops() }
        if let end = run.withLock({ $0.serviceFailure }) { return giveUp(because: end.failure, of: end.service) }
        guard let scheduler, !engine.configuration.dryRun else {
            if !turnHasCome(attempt, nil, nil) { turnWasDeclined() }
            return
        }
        if definition.recalls, engine.memory?.mayRecall == true, run.withLock({ $0.recall == .open }) {
            if !begin(attempt, nil, nil, recall: .looking) { turnWasDeclined() }
            return
        }
        let request = run.withLock { $0.stage == .queued && $0.attempts.attempt == attempt ? $0.request : nil }
        guard let request else { return }
        scheduler.submit(self, attempt, request)
        // Whoever ended the wait before the task was in the queue couldn't take it out.
        let isObsolete = run.withLock { run in
            run.attempts.attempt != attempt || (run.stage != .queued && run.stage != .attempting)
        }
        if isObsolete { scheduler.remove(self, attempt) }
    }

    /// An attempt has its resources.
    ///
    /// - Parameter waitCause: why that wasn't at once.
    /// - Returns: whether it begins, and gives them back by ``ResourceScheduler/remove(_:_:)``; if not, the caller takes
    ///   them back.
    func turnHasCome(_ attempt: Int, _ allocation: ResourceAllocation?, _ waitCause: WaitCause?) -> Bool {
        begin(attempt, allocation, waitCause, recall: .done)
    }

    /// - Parameter recall: whether the body is run before its turn, to look for the outcome of an earlier run.
    private func begin(
        _ attempt: Int, _ allocation: ResourceAllocation?, _ waitCause: WaitCause?, recall: Recall
    ) -> Bool {
        if engine.isShuttingDown { return false }
        let work: TaskWork? = run.withLock { run in
            guard run.stage == .queued, run.attempts.attempt == attempt, step({ $0.dispatch() }) == .run else {
                return nil
            }
            run.stage = .attempting
            run.attempt = attempt
            run.turn += 1
            run.isInterrupted = false
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

    /// The task doesn't have what it was given any more, because it didn't want it.
    func turnWasDeclined() {
        if engine.isShuttingDown { cancelBecauseEngineStops() }
    }

    /// An attempt asks for more than there is, because what it asks for has grown.
    func turnNeverComes(_ attempt: Int, _ reason: String) {
        let last = run.withLock { $0.attempts.failures.last }
        let text = last.map { "\(reason); attempt \($0.attempt) had failed: \($0.error)" } ?? reason
        let error = TaskRefusedError(RefusalReason(.insufficientResources, text), of: self, cause: last?.error)
        perform(
            advance { attempts, now in
                attempts.attemptFailed(attempt, error, canRetry: false, at: now, random: 0)
            })
    }

    // MARK: - Running

    /// Runs a body: that of an attempt, or of the fallback.
    func launch(_ work: TaskWork) {
        switch work {
        case .synchronous:
            _ = Unmanaged.passRetained(self)
            engine.pool.submit(self)
        case .handedOver: preconditionFailure("a task with attempts is never handed over")
        case .asynchronous(let body):
            let turn = run.withLock { $0.turn }
            let life: @Sendable () async -> Void = { await self.live(body) }
            let task =
                definition.isDispatched
                ? Task.detached(operation: life) : Task.detached(executorPreference: engine.pool, operation: life)
            let isTooLate = run.withLock { run in
                guard run.turn == turn else { return false }
                run.body = task
                return run.isInterrupted
            }
            if isTooLate { task.cancel() }
        }
    }

    /// The life of an async body.
    private func live(_ body: TaskWork.AsyncBody) async {
        if !definition.isDispatched, !isRecalling { begin() }
        if shouldStop { return fail(CancellationError()) }
        await ExecutionContext.$bound.withValue(.task(self, inside: membership)) { await runInstrumented(body) }
    }

    /// A worker has time for a synchronous body.
    override func run(on worker: Worker) {
        if !isRecalling { begin() }
        if shouldStop {
            fail(CancellationError())
        } else if case .synchronous(let body)? = run.withLock({ $0.work }) {
            runSynchronously(body, on: worker)
        }
        Unmanaged.passUnretained(self).release()
    }

    /// The attempt has its turn, so that it is the attempt that fails.
    override func end(because error: WorkerThreadError) {
        fail(TaskRefusedError(error.reason, of: self))
        Unmanaged.passUnretained(self).release()
    }

    override func begin(ago: Duration = .zero) {
        let now = timers.now() - ago
        let (announces, next) = run.withLock { run -> (Bool, Step) in
            guard run.stage == .attempting, !run.isInterrupted, step({ $0.begin() }) == .announce else {
                return (false, Step())
            }
            return (true, decide(run.attempts.attemptStarted(run.attempt, at: now), at: now, &run))
        }
        if announces, engine.isObserved { emitStart(ago: ago) }
        perform(next)
    }

    // MARK: - How bodies end

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
        if definition.usesServices, !isCancellation, waitsForEndOfService(before: thrown) { return }
        let failure = run.withLock { run in
            let failure = run.stage == .attempting ? run.serviceFailure?.failure : nil
            run.bodyError = failure == nil || isCancellation ? nil : thrown
            return failure
        }
        fail(failure ?? thrown, isCancellation: isCancellation && failure == nil, canRetry: failure == nil)
    }

    /// No outcome is known: the task is queued, unless it was interrupted meanwhile.
    private func waitForTurn() {
        let attempt = run.withLock { run -> Int? in
            run.recall = .done
            guard run.stage == .attempting, !run.isInterrupted, step({ $0.returnToQueue() }) == .queue else {
                return nil
            }
            run.stage = .queued
            run.attempt = 0
            run.turn += 1
            run.body = nil
            return run.attempts.attempt
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

    /// Gives back what the attempt had, before anything else begins.
    private func bodyEnded(
        with error: (any Error)?,
        _ event: (inout AttemptMachine, _ attempt: Int, _ now: Duration, _ random: Double) -> AttemptMachine.Action,
        orFallback fallbackEvent: (inout AttemptMachine) -> AttemptMachine.Action
    ) -> Step {
        let (timer, attempt) = run.withLock { run in
            run.error = error
            run.turn += 1
            run.body = nil
            run.allocation = nil
            return (run.attemptTimer.take(), run.stage == .attempting ? run.attempt : nil)
        }
        if let timer { timers.cancel(timer) }
        guard let attempt else { return advance { attempts, _ in fallbackEvent(&attempts) } }
        // A service that has begun keeps what it has until its process is gone.
        if error != nil || service?.keepTurn(in: scheduler) != true { scheduler?.remove(self, attempt) }
        let random = Double.random(in: 0..<1)
        return advance { event(&$0, attempt, $1, random) }
    }

    // MARK: - Time

    func timeIsOver(for attempt: Int) {
        let error = run.withLock { $0.attempts.timeoutError(of: attempt) }
        let canRetry = policies.retry?.covers(error) ?? false
        perform(advance { attempts, _ in attempts.timeoutFired(attempt, canRetry: canRetry) })
    }

    private func deadlineIsOver() {
        let now = timers.now()
        perform(
            run.withLock { run in
                switch run.stage {
                case .idle: return endWithoutDependencies(&run)
                case .queued, .attempting, .pausing, .fallingBack:
                    guard !currentPhase.isTerminal else { return Step() }
                    return decide(run.attempts.deadlineFired(), at: now, &run)
                case .telling, .over: return Step()
                }
            })
    }

    /// The deadline is over before the dependencies have ended: without their values there is nothing to give to a
    /// fallback. If they have, ``goOn()`` is about to find that it is too late.
    private func endWithoutDependencies(_ run: inout Run) -> Step {
        guard !isResolved, step({ $0.giveUp(as: .failed) }) == .end else { return Step() }
        _ = run.attempts.deadlineFired()
        run.stage = .over
        return Step(.fail(.deadline), endsUnrun: true)
    }

    // MARK: - Cancellation

    override func cancel(_ cause: TaskCancelledError.Cause) -> Bool {
        let (action, body) = run.withLock { run in cancel(&run) }
        return carryOut(action, body, cause)
    }

    override func cancelUnlessBegun(_ cause: TaskCancelledError.Cause) {
        let (action, body) = run.withLock { run in currentPhase == .waiting ? cancel(&run) : (.nothing, nil) }
        _ = carryOut(action, body, cause)
    }

    private func cancel(_ run: inout Run) -> (TaskPhase.Action, Task<Void, Never>?) {
        let action = step { $0.cancel() }
        guard action == .interrupt else { return (action, nil) }
        _ = run.attempts.cancelled()
        run.isInterrupted = true
        return (action, run.body)
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
            run.isInterrupted = true
            return run.body
        }
        body?.cancel()
    }

    // MARK: - The end

    override func tellObservers(_ batch: inout ReadyBatch) {
        letGo()
        super.tellObservers(&batch)
    }

    /// The outcome is known: nothing of the task may stay behind in queues and among timers.
    private func letGo() {
        let (kept, timers, queuedAttempt, output) = run.withLock { run in
            let queuedAttempt = run.stage == .queued ? run.attempts.attempt : nil
            run.stage = .over
            let kept = (run.work.take(), run.body.take(), run.services)
            run.services = []
            run.servicesOfValues = nil
            return (kept, [run.attemptTimer.take(), run.deadlineTimer.take()], queuedAttempt, run.output)
        }
        for timer in timers { if let timer { self.timers.cancel(timer) } }
        if let queuedAttempt { scheduler?.remove(self, queuedAttempt) }
        engine.running.remove(self)
        output?.finish()
        for service in kept.2 { service.detach(self) }
        _ = kept  // what the bodies hold ends outside of the lock
    }
}
