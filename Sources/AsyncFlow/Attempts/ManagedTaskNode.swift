import Synchronization

/// A task that is more than a body to run once: it waits for its turn on a backend, may have several attempts, a limited
/// time, a fallback.
///
/// Pure state machines decide: ``AttemptMachine`` what comes next in the task's life, ``ResourceQueue`` when its turn is.
/// Here is carried out what they say. ``TaskPhase`` still says who ends the task; it changes under the same lock as the
/// attempts, so that both always agree.
@usableFromInline
final class ManagedTaskNode: TaskNode, @unchecked Sendable {
    struct Run: @unchecked Sendable {  // its work is only ever done by one thread at a time
        var attempts: AttemptMachine
        var stage = Stage.idle
        /// What the next attempt asks for.
        var request: ResourceRequest
        /// What the attempts and the fallback do, kept until no more of them can come.
        var work: TaskWork?
        var fallback: TaskWork?
        /// The Swift task of the body that runs.
        var body: Task<Void, Never>?
        /// Whether that body has been told to stop.
        var isInterrupted = false
        var allocation: ResourceAllocation?
        /// What the last attempt, or the fallback, ended with.
        var error: (any Error)?
        var attemptTimer: TimerID?
        var deadlineTimer: TimerID?
        /// The services among its arguments.
        var services: [Service] = []
        /// Why one of them has ended, if so.
        var serviceFailure: (failure: ServiceFailure, service: Service)?
    }

    enum Stage { case idle, queued, attempting, fallingBack, over }

    private let run: Mutex<Run>
    /// What the task starts, if it is a service task.
    let service: Service?

    /// - Parameter fallback: what ends the task when its attempts have failed.
    init(_ definition: TaskDefinition, _ work: TaskWork, fallback: TaskWork?, dependencyCount: Int) {
        let policies = definition.options.policies
        let created = definition.engine.timers.now()
        run = Mutex(
            Run(
                attempts: AttemptMachine(policies, hasFallback: fallback != nil, created: created),
                request: definition.options.resources, work: work, fallback: fallback))
        service = definition.options.service.map { Service($0, definition) }
        super.init(definition, work, dependencyCount: dependencyCount)
        service?.introduce(self)
    }

    private var policies: TaskPolicies { definition.options.policies }
    private var timers: Timers { engine.timers }
    /// Where the task waits for its turn; nil for a block, whose turn is always.
    private var scheduler: ResourceScheduler? { definition.backend?.scheduler }

    // MARK: - What people see

    /// The attempt that was begun last; 0 before the first.
    override var attempt: Int { run.withLock { $0.attempts.attempt } }
    var failedAttempts: [AttemptFailure] { run.withLock { $0.attempts.failures } }
    var allocation: ResourceAllocation? { run.withLock { $0.allocation } }
    override var shouldStop: Bool { super.shouldStop || run.withLock { $0.isInterrupted } }

    // MARK: - Until an attempt begins

    override func submit() {
        if definition.usesServices { for service in usedServices { service.attach(self) } }
        if let deadline = run.withLock({ $0.attempts.deadlineTime }) {
            let timer = timers.schedule(at: deadline) { self.deadlineIsOver() }
            run.withLock { $0.deadlineTimer = timer }
        }
        super.submit()
    }

    override func goOn() {
        if let end = run.withLock({ $0.serviceFailure }) { giveUp(because: end.failure, of: end.service) }
        engine.running.insert(self) { [unowned self] in interruptBody() }
        perform(advance { $0.ready(at: $1) })
        Unmanaged.passUnretained(self).release()
    }

    private func enqueue() {
        let (attempt, request) = run.withLock { run in
            run.stage = .queued
            return (run.attempts.attempt, run.request)
        }
        if attempt > 1, engine.isObserved { engine.emit(.taskQueued, of: self) }
        if let scheduler, !engine.configuration.dryRun { scheduler.submit(self, request) } else { turnHasCome(nil) }
    }

    /// The task has the resources for its next attempt, and gives them back by ``ResourceScheduler/remove(_:)``.
    func turnHasCome(_ allocation: ResourceAllocation?) {
        if engine.isShuttingDown { _ = cancel(engine.stopCause) }
        let work: TaskWork? = run.withLock { run in
            guard run.stage == .queued, step({ $0.dispatch() }) == .run else { return nil }
            run.stage = .attempting
            run.isInterrupted = false
            run.allocation = allocation
            return run.work
        }
        guard let work else {
            scheduler?.remove(self)
            return
        }
        launch(work)
    }

    /// The next attempt asks for more than there is.
    func turnNeverComes(_ reason: String) {
        let attempt = run.withLock { run in
            run.stage = .idle
            return run.attempts.attempt
        }
        attemptFailed(
            attempt, TaskRefusedError(RefusalReason(.insufficientResources, reason), of: self), canRetry: false)
    }

    private func launch(_ work: TaskWork) {
        switch work {
        case .synchronous:
            _ = Unmanaged.passRetained(self)
            engine.pool.submit(self)
        case .asynchronous(let body):
            let run: @Sendable () async -> Void = {
                if !self.definition.isDispatched { self.begin() }
                await ExecutionContext.$bound.withValue(.task(self, inside: self.membership)) { await body(self) }
            }
            let task =
                definition.isDispatched
                ? Task.detached(operation: run) : Task.detached(executorPreference: engine.pool, operation: run)
            let isTooLate = self.run.withLock { run in
                run.body = task
                return run.isInterrupted || run.stage == .over
            }
            if isTooLate { task.cancel() }
        }
    }

    override func run(on worker: Worker) {
        if case .synchronous(let body)? = run.withLock({ $0.stage == .fallingBack ? $0.fallback : $0.work }) {
            begin()
            runSynchronously(body, on: worker)
        }
        Unmanaged.passUnretained(self).release()
    }

    override func begin() {
        let (announces, action) = run.withLock { run -> (Bool, AttemptMachine.Action) in
            guard run.stage == .attempting, step({ $0.begin() }) == .announce else { return (false, .nothing) }
            return (true, run.attempts.attemptStarted(run.attempts.attempt, at: timers.now()))
        }
        if announces, engine.isObserved { engine.emit(.taskStarted, of: self) }
        perform(action)
    }

    // MARK: - How attempts end

    override func finish() {
        let action = endAttempt(with: nil) { attempts, now, random in
            attempts.attemptSucceeded(attempts.attempt, at: now, random: random)
        } orFallback: {
            $0.fallbackSucceeded()
        }
        perform(action)
    }

    override func fail(_ thrown: any Error) {
        let failure = run.withLock { $0.stage == .attempting ? $0.serviceFailure?.failure : nil }
        let error: any Error = failure ?? thrown
        let isCancellation = error is CancellationError || error is TaskCancelledError
        let canRetry = !isCancellation && failure == nil && policies.retry?.covers(error) ?? false
        let action = endAttempt(with: error) { attempts, now, random in
            if isCancellation { return attempts.attemptCancelled(attempts.attempt, at: now, random: random) }
            return attempts.attemptFailed(attempts.attempt, error, canRetry: canRetry, at: now, random: random)
        } orFallback: {
            isCancellation ? $0.fallbackCancelled() : $0.fallbackFailed()
        }
        perform(action)
    }

    private func attemptFailed(_ attempt: Int, _ error: any Error, canRetry: Bool) {
        perform(
            advance { attempts, now in
                attempts.attemptFailed(attempt, error, canRetry: canRetry, at: now, random: Double.random(in: 0..<1))
            })
    }

    /// The body has stopped: gives back what the attempt had, before anything else begins.
    private func endAttempt(
        with error: (any Error)?,
        _ event: (inout AttemptMachine, _ now: Duration, _ random: Double) -> AttemptMachine.Action,
        orFallback fallbackEvent: (inout AttemptMachine) -> AttemptMachine.Action
    ) -> Step {
        let (timer, wasAttempt) = run.withLock { run in
            run.error = error
            run.body = nil
            run.allocation = nil
            return (run.attemptTimer.take(), run.stage == .attempting)
        }
        if let timer { timers.cancel(timer) }
        // A service that has begun keeps what it has until its process is gone.
        if wasAttempt, error != nil || service?.keepTurn(in: scheduler) != true { scheduler?.remove(self) }
        let random = Double.random(in: 0..<1)
        return advance { attempts, now in
            wasAttempt ? event(&attempts, now, random) : fallbackEvent(&attempts)
        }
    }

    // MARK: - Time

    private func timeIsOver(for attempt: Int) {
        let error = run.withLock { $0.attempts.timeoutError(of: attempt) }
        let canRetry = policies.retry?.covers(error) ?? false
        perform(advance { attempts, _ in attempts.timeoutFired(attempt, canRetry: canRetry) })
    }

    private func deadlineIsOver() { perform(advance { attempts, _ in attempts.deadlineFired() }) }

    // MARK: - Cancellation

    override func cancel(_ cause: TaskCancelledError.Cause) -> Bool {
        let action = run.withLock { run in
            let action = step { $0.cancel() }
            switch action {
            case .interrupt: _ = run.attempts.cancelled()
            case .end: run.stage = run.stage == .queued ? .queued : .over
            case .endSoon, .nothing, .run, .announce, .keepOutcome, .dropOutcome: break
            }
            return action
        }
        switch action {
        case .end: endUnrun(TaskCancelledError(self, cause: cause))
        case .interrupt: interruptBody()
        case .endSoon: break
        case .nothing, .run, .announce, .keepOutcome, .dropOutcome: return false
        }
        return true
    }

    private func interruptBody() {
        let body = run.withLock { run in
            run.isInterrupted = true
            return run.body
        }
        body?.cancel()
    }

    /// Stops an attempt, which ends it, wherever it is.
    private func interrupt(_ attempt: Int) {
        let wasQueued = run.withLock { run in
            guard run.stage == .queued else { return false }
            run.stage = .idle
            return true
        }
        guard wasQueued else { return interruptBody() }
        scheduler?.remove(self)
        perform(
            advance { attempts, now in
                attempts.attemptCancelled(attempt, at: now, random: Double.random(in: 0..<1))
            })
    }

    // MARK: - Services among the arguments

    /// Notes that the task uses a service. Before ``submit()``.
    func use(_ service: Service) { run.withLock { $0.services.append(service) } }

    var usedServices: [Service] { run.withLock { $0.services } }

    /// A service that the task uses has ended: the task fails, at once if its body hasn't begun, and else when that has
    /// stopped. A value that the body returns nevertheless counts.
    func serviceFailed(_ failure: ServiceFailure, of service: Service) {
        if engine.isInterrupting { return }
        let isFirst = run.withLock { run in
            guard run.stage != .over, run.serviceFailure == nil else { return false }
            run.serviceFailure = (failure, service)
            return true
        }
        guard isFirst else { return }
        giveUp(because: failure, of: service)
        if run.withLock({ $0.stage == .attempting }) { interruptBody() }
    }

    private func giveUp(because failure: ServiceFailure, of service: Service) {
        guard step({ $0.giveUp(as: .failed) }) == .end else { return }
        endUnrun(DependencyFailureError(of: self, because: failure, of: service.task))
    }

    // MARK: - Decisions

    /// What the attempts say, and who ends the task if it is to end.
    private struct Step {
        let action: AttemptMachine.Action
        /// Whether the task ends without having been running at that moment.
        var endsUnrun = false
    }

    private func perform(_ action: AttemptMachine.Action) { perform(Step(action: action)) }

    /// Lets the attempts decide, and changes the phase with it.
    private func advance(_ event: (inout AttemptMachine, _ now: Duration) -> AttemptMachine.Action) -> Step {
        let now = timers.now()
        return run.withLock { run in
            guard run.stage != .over, !currentPhase.isTerminal else { return Step(action: .nothing) }
            let action = event(&run.attempts, now)
            switch action {
            case .start, .wait:
                run.stage = .idle
                _ = step { $0.retry() }
            case .runFallback:
                // Without the values of its dependencies there is nothing to give to the fallback.
                guard isResolved else { return end(.fail(.deadline), as: .failed, &run) }
                run.stage = .fallingBack
                run.isInterrupted = false
                _ = step { $0.start() }
            case .fail: return end(action, as: .failed, &run)
            case .cancel: return end(action, as: .cancelled, &run)
            case .succeed: run.stage = .over
            case .watch, .interrupt, .interruptFallback, .nothing: break
            }
            return Step(action: action)
        }
    }

    private func end(_ action: AttemptMachine.Action, as end: TaskPhase, _ run: inout Run) -> Step {
        let endsUnrun = step { $0.giveUp(as: end) } == .end
        if !endsUnrun, currentPhase.isTerminal { return Step(action: .nothing) }
        run.stage = .over
        return Step(action: action, endsUnrun: endsUnrun)
    }

    private func perform(_ step: Step) {
        switch step.action {
        case .start:
            noteFailedAttempt(nextAfter: .zero)
            enqueue()
        case .watch(let attempt, let time):
            let timer = timers.schedule(at: time) { self.timeIsOver(for: attempt) }
            keep(timer)
        case .wait(let time, let attempt):
            noteFailedAttempt(nextAfter: time - timers.now())
            let timer = timers.schedule(at: time) {
                self.perform(self.advance { $0.backoffOver(attempt, at: $1) })
            }
            keep(timer)
        case .interrupt(let attempt, _): interrupt(attempt)
        case .interruptFallback: interruptBody()
        case .runFallback:
            noteFailedAttempt(nextAfter: nil)
            if let fallback = run.withLock({ $0.fallback }) { launch(fallback) }
        case .succeed: super.finish()
        case .fail(let failure): end(step, as: .failed, failureError(failure))
        case .cancel:
            let cause = run.withLock { $0.error }.map(TaskCancelledError.Cause.body)
            end(
                step, as: .cancelled,
                TaskCancelledError(self, cause: engine.isInterrupting ? engine.stopCause : cause ?? .requested(nil)))
        case .nothing: break
        }
    }

    private func keep(_ timer: TimerID) {
        let isTooLate = run.withLock { run in
            if run.stage != .over { run.attemptTimer = timer }
            return run.stage == .over
        }
        if isTooLate { timers.cancel(timer) }
    }

    private func end(_ step: Step, as end: TaskPhase, _ error: any WorkflowError) {
        if step.endsUnrun {
            endUnrun(error)
        } else {
            finish(as: end, error: error)
        }
    }

    private func failureError(_ failure: AttemptMachine.Failure) -> TaskFailedError {
        let (error, failures) = run.withLock { run -> (any Error, [AttemptFailure]) in
            let error: any Error =
                switch failure {
                case .attempt: run.attempts.failures.last?.error ?? CancellationError()
                case .deadline: run.attempts.deadlineError
                case .fallback: run.error ?? CancellationError()
                }
            return (error, run.attempts.failures)
        }
        return TaskFailedError(error, of: self, failedAttempts: failures)
    }

    /// Tells that an attempt has failed, and what is done about it; and lets what the next one asks for grow.
    ///
    /// - Parameter delay: the pause before the next attempt; nil if there will be none.
    private func noteFailedAttempt(nextAfter delay: Duration?) {
        guard let failure = run.withLock({ $0.attempts.failures.last }), attempt > 0 else { return }
        if let retry = policies.retry, !retry.growth.isEmpty {
            let grown = retry.grown(run.withLock { $0.request }, after: failure.error)
            run.withLock { $0.request = grown }
        }
        content = .nothing
        if engine.isObserved {
            engine.emit(.taskAttemptFailed, of: self, error: failure.error, attempt: failure.attempt, retryDelay: delay)
        }
    }

    // MARK: - The end

    override func tellObservers(_ batch: inout ReadyBatch) {
        letGo()
        super.tellObservers(&batch)
    }

    /// The outcome is known: nothing of the task may stay behind in queues and among timers.
    private func letGo() {
        let (kept, timers, wasQueued) = run.withLock { run in
            let wasQueued = run.stage == .queued
            run.stage = .over
            let kept = (run.work.take(), run.fallback.take(), run.body.take(), run.services)
            run.services = []
            return (kept, [run.attemptTimer.take(), run.deadlineTimer.take()].compactMap(\.self), wasQueued)
        }
        for timer in timers { self.timers.cancel(timer) }
        if wasQueued { scheduler?.remove(self) }
        engine.running.remove(self)
        for service in kept.3 { service.detach(self) }
        _ = kept  // what the bodies hold ends outside of the lock
    }
}

extension ManagedTaskNode {
    /// Why the task can't run, if a service that it uses had ended before it was called.
    var serviceRefusal: DependencyFailureError? {
        for service in usedServices {
            if let failure = service.failure {
                return DependencyFailureError(of: self, because: failure, of: service.task)
            }
        }
        return nil
    }
}
