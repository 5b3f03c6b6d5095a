import AsyncFlowBase

/// The life of one task through its attempts, as a pure state machine: events in, actions out.
///
/// ```
/// idle ─ready─▶ queued(1) ─▶ running(1) ─────succeeded────▶ over
///                  ▲             │  └─timeout, deadline, cancelled─▶ stopping(1) ─▶ as if it had failed, or over
///                  │             └──failed──▶ waiting(2) or fallback or over
///                  └─────backoff over─────────┘
/// ```
///
/// A stopped attempt is waited for: the next one doesn't begin, and the task doesn't end, before the body has stopped.
/// A late event (the timeout of an earlier attempt, anything after the end) yields ``Action/nothing``.
///
/// Times are durations since the engine was made. Whether a failure may be retried, and a random number, come with the
/// event: both are determined outside of the lock that guards the machine.
package struct AttemptMachine: Sendable {
    /// The next step of the caller of an event.
    package enum Action: Hashable {
        /// Queue this attempt; when its body begins, ``AttemptMachine/attemptStarted(_:at:)`` is called.
        case start(attempt: Int)
        /// The attempt continues; call ``AttemptMachine/timeoutFired(_:canRetry:)`` at this time.
        case watch(attempt: Int, until: Duration)
        /// Interrupt the body of this attempt, and report when it has stopped.
        case interrupt(attempt: Int, because: Interruption)
        /// Call ``AttemptMachine/backoffOver(_:at:)`` for this attempt at this time.
        case wait(until: Duration, attempt: Int)
        /// Run the fallback.
        case runFallback(after: Failure)
        case interruptFallback
        /// End the task with the value of its attempt or fallback.
        case succeed
        case fail(Failure)
        case cancel
        case nothing
    }

    package enum Interruption: Hashable { case timeout, deadline, cancellation }

    /// The reason why the task has no value; the error is the last one in ``AttemptMachine/failures``, if there is one.
    package enum Failure: Hashable {
        /// The last attempt failed and isn't repeated.
        case attempt
        /// The deadline passed: the error is ``AttemptMachine/deadlineError``.
        case deadline
        /// The fallback failed, too; the error is the fallback's.
        case fallback
    }

    private enum State {
        /// Waiting for dependencies or for its first turn.
        case idle
        /// The attempt waits for its turn.
        case queued(Int)
        case running(Int, since: Duration)
        /// The body was interrupted and hasn't stopped yet.
        case stopping(Int, since: Duration?, Stop)
        /// The pause before this attempt.
        case waiting(Int)
        case fallingBack
        case stoppingFallback
        case over
    }

    private enum Stop {
        case timeout(canRetry: Bool)
        case deadline
        case cancellation
    }

    private let retry: RetryPolicy
    private let timeout: Duration?
    /// The deadline as it was given, for messages.
    private let deadline: Duration?
    private let deadlineInstant: Duration?
    private let hasFallback: Bool
    private var state = State.idle
    private var waitsUntil = Duration.zero
    private var history = AttemptHistory()
    /// The error of the last failed attempt before the deadline passed.
    private var errorBeforeDeadline: (any Error)?

    /// The attempt that was queued last; 0 before the first.
    package private(set) var attempt = 0
    /// The attempt whose body began last; 0 before the first.
    private(set) var begunAttempt = 0
    /// The number of attempts that failed in an earlier run; they count towards the maximum.
    package var earlierAttempts = 0

    /// - Parameter created: the time at which the task was called.
    package init(_ policies: TaskPolicies, hasFallback: Bool, created: Duration) {
        retry = policies.retry ?? .never
        timeout = policies.timeout.map { min($0, .aCentury) }
        deadline = policies.deadline
        deadlineInstant = policies.deadline.map { created + min($0, .aCentury) }
        self.hasFallback = hasFallback
    }

    /// The time at which ``deadlineFired()`` has to be called, if at all.
    package var deadlineTime: Duration? { deadlineInstant }

    /// The attempts that failed; of very many, the first one and the latest ones.
    package var failures: [AttemptFailure] { history.failures }

    package var isOver: Bool {
        if case .over = state { true } else { false }
    }

    /// Returns the error of the running attempt if its timeout fires now.
    package func timeoutError(of attempt: Int) -> TaskTimeoutError {
        TaskTimeoutError(timeout: timeout ?? .zero, attempt: attempt, maximumAttempts: retry.maximumAttempts)
    }

    /// The error of the task when its deadline has passed.
    package var deadlineError: DeadlineExceededError {
        DeadlineExceededError(deadline: deadline ?? .zero, attempts: begunAttempt, lastError: errorBeforeDeadline)
    }

    private func isTooLate(_ now: Duration) -> Bool { deadlineInstant.map { now >= $0 } ?? false }

    // MARK: - Attempts

    /// Notes that all dependencies have ended, so that the first attempt may be queued.
    package mutating func ready(at now: Duration) -> Action {
        switch state {
        case .idle: begin(1, at: now)
        case .queued, .running, .stopping, .waiting, .fallingBack, .stoppingFallback, .over: .nothing
        }
    }

    /// Notes that the body of an attempt begins.
    package mutating func attemptStarted(_ number: Int, at now: Duration) -> Action {
        switch state {
        case .queued(number):
            if isTooLate(now) { return stop(number, since: now, .deadline) }
            begunAttempt = number
            state = .running(number, since: now)
            return timeout.map { .watch(attempt: number, until: now + $0) } ?? .nothing
        case .idle, .queued, .running, .stopping, .waiting, .fallingBack, .stoppingFallback, .over: return .nothing
        }
    }

    /// Notes that the body of an attempt returned a value.
    ///
    /// - Parameter random: from 0 up to but not including 1.
    package mutating func attemptSucceeded(_ number: Int, at now: Duration, random: Double) -> Action {
        switch state {
        case .queued(number), .running(number, _):
            state = .over
            return .succeed
        case .stopping(number, let started, let stop):
            return stopped(number, since: started, stop, at: now, random: random)
        case .idle, .queued, .running, .stopping, .waiting, .fallingBack, .stoppingFallback, .over: return .nothing
        }
    }

    /// Notes that the body of an attempt threw, or that its backend couldn't run it.
    ///
    /// - Parameters:
    ///   - canRetry: ``RetryPolicy/covers(_:)`` of the error.
    ///   - random: from 0 up to but not including 1.
    package mutating func attemptFailed(
        _ number: Int, _ error: any Error, canRetry: Bool, at now: Duration, random: Double
    ) -> Action {
        switch state {
        case .queued(number): return failed(number, error, canRetry, since: nil, at: now, random: random)
        case .running(number, let started):
            return failed(number, error, canRetry, since: started, at: now, random: random)
        case .stopping(number, let started, let stop):
            return stopped(number, since: started, stop, at: now, random: random)
        case .idle, .queued, .running, .stopping, .waiting, .fallingBack, .stoppingFallback, .over: return .nothing
        }
    }

    /// Notes that the body of an attempt threw a cancellation error: because it was interrupted, or by its own
    /// decision.
    ///
    /// - Parameter random: from 0 up to but not including 1.
    package mutating func attemptCancelled(_ number: Int, at now: Duration, random: Double) -> Action {
        switch state {
        case .queued(number), .running(number, _):
            state = .over
            return .cancel
        case .stopping(number, let started, let stop):
            return stopped(number, since: started, stop, at: now, random: random)
        case .idle, .queued, .running, .stopping, .waiting, .fallingBack, .stoppingFallback, .over: return .nothing
        }
    }

    // MARK: - Time

    /// Notes that an attempt's time is up.
    ///
    /// - Parameter canRetry: ``RetryPolicy/covers(_:)`` of ``timeoutError(of:)``.
    package mutating func timeoutFired(_ number: Int, canRetry: Bool) -> Action {
        switch state {
        case .running(number, let started): stop(number, since: started, .timeout(canRetry: canRetry))
        case .idle, .queued, .running, .stopping, .waiting, .fallingBack, .stoppingFallback, .over: .nothing
        }
    }

    /// Notes that the deadline has passed.
    package mutating func deadlineFired() -> Action {
        switch state {
        case .idle, .waiting: return expire()
        case .queued(let number): return stop(number, since: nil, .deadline)
        case .running(let number, let started): return stop(number, since: started, .deadline)
        case .stopping(let number, let started, .timeout):
            state = .stopping(number, since: started, .deadline)
            return .nothing
        case .stopping(_, _, .deadline), .stopping(_, _, .cancellation): return .nothing
        case .fallingBack, .stoppingFallback, .over: return .nothing
        }
    }

    /// Notes that the pause before an attempt is over.
    package mutating func backoffOver(_ number: Int, at now: Duration) -> Action {
        switch state {
        case .waiting(number): now < waitsUntil ? .wait(until: waitsUntil, attempt: number) : begin(number, at: now)
        case .idle, .queued, .running, .stopping, .waiting, .fallingBack, .stoppingFallback, .over: .nothing
        }
    }

    // MARK: - Cancellation and fallback

    /// Notes that the task is cancelled by its user, its block, or its engine.
    package mutating func cancelled() -> Action {
        switch state {
        case .idle, .waiting:
            state = .over
            return .cancel
        case .queued(let number): return stop(number, since: nil, .cancellation)
        case .running(let number, let started): return stop(number, since: started, .cancellation)
        case .stopping(let number, let started, .timeout), .stopping(let number, let started, .deadline):
            state = .stopping(number, since: started, .cancellation)
            return .nothing
        case .fallingBack:
            state = .stoppingFallback
            return .interruptFallback
        case .stopping(_, _, .cancellation), .stoppingFallback, .over: return .nothing
        }
    }

    package mutating func fallbackSucceeded() -> Action { fallbackEnded(.succeed) }
    package mutating func fallbackFailed() -> Action { fallbackEnded(.fail(.fallback)) }
    /// Notes that the fallback was cancelled, because it was interrupted or by its own decision.
    package mutating func fallbackCancelled() -> Action { fallbackEnded(.cancel) }

    private mutating func fallbackEnded(_ action: Action) -> Action {
        switch state {
        case .fallingBack:
            state = .over
            return action
        case .stoppingFallback:
            state = .over
            return .cancel
        case .idle, .queued, .running, .stopping, .waiting, .over: return .nothing
        }
    }

    // MARK: - Steps

    private mutating func begin(_ number: Int, at now: Duration) -> Action {
        if isTooLate(now) { return expire() }
        attempt = number
        state = .queued(number)
        return .start(attempt: number)
    }

    private mutating func stop(_ number: Int, since started: Duration?, _ stop: Stop) -> Action {
        state = .stopping(number, since: started, stop)
        return switch stop {
        case .timeout: .interrupt(attempt: number, because: .timeout)
        case .deadline: .interrupt(attempt: number, because: .deadline)
        case .cancellation: .interrupt(attempt: number, because: .cancellation)
        }
    }

    /// Handles the stop of an interrupted body, whose outcome doesn't count.
    private mutating func stopped(
        _ number: Int, since started: Duration?, _ stop: Stop, at now: Duration, random: Double
    ) -> Action {
        switch stop {
        case .timeout(let canRetry):
            return failed(number, timeoutError(of: number), canRetry, since: started, at: now, random: random)
        case .deadline:
            errorBeforeDeadline = failures.last?.error
            record(number, deadlineError, since: started, at: now)
            return giveUp(after: .deadline)
        case .cancellation:
            state = .over
            return .cancel
        }
    }

    private mutating func failed(
        _ number: Int, _ error: any Error, _ canRetry: Bool, since started: Duration?, at now: Duration, random: Double
    ) -> Action {
        record(number, error, since: started, at: now)
        guard canRetry, number + earlierAttempts <= retry.maximumRetries else { return giveUp(after: .attempt) }
        let next = now + min(retry.pause(beforeRetry: number, random: random), .aCentury)
        if isTooLate(next) { return giveUp(after: .attempt) }
        if next == now { return begin(number + 1, at: now) }
        waitsUntil = next
        state = .waiting(number + 1)
        return .wait(until: next, attempt: number + 1)
    }

    private mutating func record(_ number: Int, _ error: any Error, since started: Duration?, at now: Duration) {
        history.append(AttemptFailure(attempt: number, error: error, started: started ?? now, ended: now))
    }

    /// Handles a deadline that passes while no attempt is under way.
    private mutating func expire() -> Action {
        errorBeforeDeadline = failures.last?.error
        return giveUp(after: .deadline)
    }

    private mutating func giveUp(after failure: Failure) -> Action {
        state = hasFallback ? .fallingBack : .over
        return hasFallback ? .runFallback(after: failure) : .fail(failure)
    }
}
