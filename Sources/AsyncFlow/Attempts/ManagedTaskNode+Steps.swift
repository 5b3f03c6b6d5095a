import AsyncFlowBase
import Synchronization

extension ManagedTaskNode {
    /// What follows from a decision, to be done when the lock is released.
    struct Step {
        let action: AttemptMachine.Action
        /// The attempt that doesn't wait for its turn any more.
        var leavesQueue: Int?
        /// The body to interrupt.
        var interrupts: Task<Void, Never>?
        /// Whether readers of events have to be told first.
        var tells = false
        /// Whether the task ends without a body that was running at that moment.
        var endsUnrun = false

        init(_ action: AttemptMachine.Action = .nothing, endsUnrun: Bool = false) {
            self.action = action
            self.endsUnrun = endsUnrun
        }
    }

    // MARK: - Deciding, under the lock

    /// Lets the attempts decide, and changes stage and phase with it.
    func advance(_ event: (inout AttemptMachine, _ now: Duration) -> AttemptMachine.Action) -> Step {
        let now = timers.now()
        return run.withLock { run in
            guard run.stage != .over, run.stage != .telling, !currentPhase.isTerminal else { return Step() }
            return decide(event(&run.attempts, now), at: now, &run)
        }
    }

    func decide(_ action: AttemptMachine.Action, at now: Duration, _ run: inout Run) -> Step {
        switch action {
        case .start, .wait, .runFallback: return goOn(to: action, &run)
        case .interrupt(let attempt, _): return interrupt(attempt, at: now, &run)
        case .fail: return end(action, as: .failed, &run)
        case .cancel: return end(action, as: .cancelled, &run)
        case .succeed: run.stage = .over
        case .watch, .interruptFallback, .nothing: break
        }
        return Step(action)
    }

    /// Goes on, or lets that be told first.
    private func goOn(to action: AttemptMachine.Action, _ run: inout Run) -> Step {
        switch (run.stage, action) {
        case (.telling, .wait): run.stage = .pausing
        case (.telling, .start): run.stage = .queued
        // That the first attempt is queued has been told.
        case (.idle, .start): run.stage = .queued
        case (.telling, _), (.idle, _):
            guard step({ $0.start() }) == .run else { return Step() }
            run.stage = .fallingBack
            run.turn += 1
            run.isInterrupted = false
            if case .runFallback(let failure) = action { run.failure = failure }
        default:
            let leavesQueue = run.stage == .queued ? run.attempts.attempt : nil
            // A cancellation that comes first has been told to the attempts: they don't go on then.
            guard step({ $0.announceAttempt() }) == .announce else { return Step() }
            run.stage = .telling
            var step = Step(action)
            step.tells = true
            step.leavesQueue = leavesQueue
            return step
        }
        return Step(action)
    }

    /// Stops an attempt, wherever it is.
    private func interrupt(_ attempt: Int, at now: Duration, _ run: inout Run) -> Step {
        if run.stage == .attempting {
            run.isInterrupted = true
            var step = Step()
            step.interrupts = run.body
            return step
        }
        // It hasn't begun: that is how it ends.
        let leavesQueue = run.stage == .queued ? attempt : nil
        var step = decide(run.attempts.attemptCancelled(attempt, at: now, random: 0), at: now, &run)
        step.leavesQueue = leavesQueue
        return step
    }

    private func end(_ action: AttemptMachine.Action, as end: TaskPhase, _ run: inout Run) -> Step {
        switch run.stage {
        case .attempting, .fallingBack:
            run.stage = .over
            return Step(action)
        case .idle, .queued, .telling, .pausing:
            // Whoever ended it first also lets go of it.
            guard step({ $0.giveUp(as: end) }) == .end else { return Step() }
            let leavesQueue = run.stage == .queued ? run.attempts.attempt : nil
            run.stage = .over
            var step = Step(action, endsUnrun: true)
            step.leavesQueue = leavesQueue
            return step
        case .over: return Step()
        }
    }

    // MARK: - Carrying it out

    func perform(_ step: Step) {
        step.interrupts?.cancel()
        if let attempt = step.leavesQueue { scheduler?.remove(self, attempt) }
        if step.tells { return tell(step.action) }
        switch step.action {
        case .start(let attempt): enqueue(attempt)
        case .watch(let attempt, let time):
            let timer = timers.schedule(at: time) { self.timeIsOver(for: attempt) }
            keep(timer) { $0.stage == .attempting && $0.attempt == attempt }
        case .wait(let time, let attempt): pause(until: time, before: attempt)
        case .runFallback:
            if let work = run.withLock({ $0.work }) { launch(work) }
        case .succeed: finishWithValue()
        case .fail(let failure): end(step, as: .failed, error(after: failure))
        case .cancel: end(step, as: .cancelled, TaskCancelledError(self, cause: cancellationCause(of: step)))
        case .interrupt, .interruptFallback, .nothing: break
        }
    }

    private func end(_ step: Step, as end: TaskPhase, _ error: any WorkflowError) {
        if step.endsUnrun {
            endUnrun(error)
        } else {
            finish(as: end, error: error)
        }
    }

    private func cancellationCause(of step: Step) -> TaskCancelledError.Cause {
        if engine.isInterrupting || step.endsUnrun { return interruptionCause(nil) }
        return run.withLock { $0.error }.map(TaskCancelledError.Cause.body) ?? .requested(nil)
    }

    private func pause(until time: Duration, before attempt: Int) {
        let timer = timers.schedule(at: time) {
            self.perform(self.advance { $0.backoffOver(attempt, at: $1) })
        }
        keep(timer) { $0.stage == .pausing && $0.attempts.attempt == attempt - 1 }
        if engine.isShuttingDown { cancelBecauseEngineStops() }
    }

    /// Keeps the timer of an attempt or a pause, if that isn't over by now.
    private func keep(_ timer: TimerID, if isNeeded: (borrowing Run) -> Bool) {
        let obsolete = run.withLock { run -> TimerID? in
            guard isNeeded(run) else { return timer }
            defer { run.attemptTimer = timer }
            return run.attemptTimer
        }
        if let obsolete { timers.cancel(obsolete) }
    }

    // MARK: - Between attempts

    /// Tells that an attempt has failed, and that the next one is queued if it is; and lets what that asks for grow.
    private func tell(_ action: AttemptMachine.Action) {
        let failure = run.withLock { run -> AttemptFailure? in
            guard let failure = run.attempts.failures.last, failure.attempt > run.toldAttempt else { return nil }
            run.toldAttempt = failure.attempt
            return failure
        }
        content = .nothing  // a value that came too late
        if let failure {
            grow(after: failure)
            // A failure: also told to those who don't want every event.
            if engine.events.isObserved {
                emit(
                    .taskAttemptFailed, attempt: failure.attempt,
                    EventDetails(error: failure.error, retryDelay: retryDelay(action), execution: execution))
            }
        }
        if case .start(let attempt) = action, engine.isObserved { emit(.taskQueued, attempt: attempt) }
        let now = timers.now()
        perform(run.withLock { hasTold(action, at: now, &$0) })
    }

    /// What comes after that: as decided, unless the task was cancelled or its time was over meanwhile.
    private func hasTold(_ action: AttemptMachine.Action, at now: Duration, _ run: inout Run) -> Step {
        if step({ $0.announced() }) == .end {
            run.stage = .over
            return Step(.cancel, endsUnrun: true)
        }
        if case .runFallback = action { return decide(action, at: now, &run) }
        guard let deadline = run.attempts.deadlineTime, deadline <= now else { return decide(action, at: now, &run) }
        return decide(run.attempts.deadlineFired(), at: now, &run)
    }

    private func grow(after failure: AttemptFailure) {
        guard let retry = policies.retry, !retry.growth.isEmpty else { return }
        let grown = retry.grown(run.withLock { $0.request }, after: failure.error)
        run.withLock { $0.request = grown }
    }

    /// - Returns: nil if there is no other attempt.
    private func retryDelay(_ next: AttemptMachine.Action) -> Duration? {
        switch next {
        case .start: .zero
        case .wait(let time, _): max(.zero, time - timers.now())
        case .watch, .interrupt, .runFallback, .interruptFallback, .succeed, .fail, .cancel, .nothing: nil
        }
    }

    // MARK: - Errors

    /// What the fallback stands in for; nil if the body that runs is that of an attempt.
    var failureBeforeFallback: TaskFailedError? {
        let failure = run.withLock { $0.stage == .fallingBack ? $0.failure : nil }
        return failure.map(error)
    }

    private func error(after failure: AttemptMachine.Failure) -> TaskFailedError {
        let error = run.withLock { run -> any Error in
            switch failure {
            case .attempt: run.attempts.failures.last?.error ?? CancellationError()
            case .deadline: run.attempts.deadlineError
            case .fallback: run.error ?? CancellationError()
            }
        }
        let bodyError = failure == .attempt ? run.withLock { $0.bodyError } : nil
        return TaskFailedError(error, of: self, failedAttempts: failedAttempts, bodyError: bodyError)
    }
}
