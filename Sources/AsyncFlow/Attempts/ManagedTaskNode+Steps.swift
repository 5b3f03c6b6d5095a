import AsyncFlowBase
import Synchronization

extension ManagedTaskNode {
    /// A decision, to be carried out after the lock has been released.
    struct Decision {
        let step: ManagedLife.Step
        /// The body to interrupt.
        let body: Task<Void, Never>?
    }

    /// Passes an event to the task's life.
    func decide(_ event: (inout ManagedLife) -> ManagedLife.Step) -> Decision {
        run.withLock { run in
            let step = event(&run.life)
            return Decision(step: step, body: step.interruptsBody ? run.body : nil)
        }
    }

    /// Passes an event to the task's attempts.
    func advance(_ event: (inout AttemptMachine, _ now: Duration) -> AttemptMachine.Action) -> Decision {
        let now = timers.now()
        return decide { life in life.advance(self, at: now) { event(&$0, now) } }
    }

    // MARK: - Carrying out decisions

    func perform(_ decision: Decision) {
        decision.body?.cancel()
        let step = decision.step
        if let attempt = step.leavesQueue { scheduler?.remove(number, attempt) }
        if step.tells { return tell(step.action) }
        switch step.action {
        case .start(let attempt): enqueue(attempt)
        case .watch(let attempt, let time):
            let timer = timers.schedule(at: time) { self.timeIsOver(for: attempt) }
            keep(timer) { $0.isAttempting(attempt) }
        case .wait(let time, let attempt): pause(until: time, before: attempt)
        case .runFallback:
            if let work = run.withLock({ $0.work }) { launch(work) }
        case .succeed: finishWithValue()
        case .fail(let failure): end(step, as: .failed, error(after: failure))
        case .cancel: end(step, as: .cancelled, TaskCancelledError(self, cause: cancellationCause(of: step)))
        case .interrupt, .interruptFallback, .nothing: break
        }
    }

    private func end(_ step: ManagedLife.Step, as end: TaskPhase, _ error: any WorkflowError) {
        if step.endsUnrun {
            endUnrun(error)
        } else {
            finish(as: end, error: error)
        }
    }

    private func cancellationCause(of step: ManagedLife.Step) -> TaskCancelledError.Cause {
        if engine.isInterrupting || step.endsUnrun { return interruptionCause(nil) }
        return run.withLock { $0.error }.map(TaskCancelledError.Cause.body) ?? .requested(nil)
    }

    private func pause(until time: Duration, before attempt: Int) {
        let timer = timers.schedule(at: time) {
            self.perform(self.advance { $0.backoffOver(attempt, at: $1) })
        }
        keep(timer) { $0.isPausing(before: attempt) }
        if engine.isShuttingDown { cancelBecauseEngineStops() }
    }

    /// Keeps the timer of an attempt or a pause, unless that is over by now.
    private func keep(_ timer: TimerID, if isNeeded: (borrowing ManagedLife) -> Bool) {
        let obsolete = run.withLock { run -> TimerID? in
            guard isNeeded(run.life) else { return timer }
            defer { run.attemptTimer = timer }
            return run.attemptTimer
        }
        if let obsolete { timers.cancel(obsolete) }
    }

    // MARK: - Between attempts

    /// Tells readers of events that an attempt has failed, and whether the next one is queued; and increases the
    /// resources of the next one.
    private func tell(_ action: AttemptMachine.Action) {
        let failure = run.withLock { run -> AttemptFailure? in
            guard let failure = run.life.attempts.failures.last, failure.attempt > run.toldAttempt else { return nil }
            run.toldAttempt = failure.attempt
            return failure
        }
        content = .nothing  // a value that came too late
        if let failure {
            grow(after: failure)
            // A failure is also reported to readers that don't want every event.
            if engine.events.isObserved {
                emit(
                    .taskAttemptFailed, attempt: failure.attempt,
                    .ended(error: failure.error, execution: execution, retryDelay: retryDelay(action)))
            }
        }
        if case .start(let attempt) = action, engine.isObserved { emit(.taskQueued, attempt: attempt) }
        let now = timers.now()
        perform(decide { $0.told(action, self, at: now) })
    }

    private func grow(after failure: AttemptFailure) {
        guard let retry = policies.retry, !retry.growth.isEmpty else { return }
        let grown = retry.grown(run.withLock { $0.request }, after: failure.error)
        run.withLock { $0.request = grown }
    }

    /// - Returns: the time until the next attempt; nil if there is none.
    private func retryDelay(_ next: AttemptMachine.Action) -> Duration? {
        switch next {
        case .start: .zero
        case .wait(let time, _): max(.zero, time - timers.now())
        case .watch, .interrupt, .runFallback, .interruptFallback, .succeed, .fail, .cancel, .nothing: nil
        }
    }

    // MARK: - Errors

    func error(after failure: AttemptMachine.Failure) -> TaskFailedError {
        let error = run.withLock { run -> any Error in
            switch failure {
            case .attempt: run.life.attempts.failures.last?.error ?? CancellationError()
            case .deadline: run.life.attempts.deadlineError
            case .fallback: run.error ?? CancellationError()
            }
        }
        let bodyError = failure == .attempt ? run.withLock { $0.bodyError } : nil
        return TaskFailedError(error, of: self, failedAttempts: failedAttempts, bodyError: bodyError)
    }
}
