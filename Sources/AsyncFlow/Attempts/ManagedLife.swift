/// The life of a task with attempts: a pure state machine that keeps two others consistent.
///
/// ``AttemptMachine`` decides what comes next, and ``TaskPhase`` which caller may continue. Each event changes both at
/// once and yields a ``Step``, which the task performs after it has released its lock. The phase is stored elsewhere,
/// because callers that don't hold the lock also change it.
///
/// ```
/// idle ──start──▶ queued ──turn──▶ attempting ──▶ telling ──▶ queued, pausing or fallingBack ──▶ … ──▶ over
/// ```
struct ManagedLife: Sendable {
    enum Stage {
        /// The task's dependencies haven't ended, or it hasn't been examined yet.
        case idle
        /// The task waits for its turn.
        case queued
        case attempting
        /// Readers of events are being notified of the end of an attempt, or of the next one's queueing. Events that
        /// arrive in the meantime are handled afterwards.
        case telling
        /// The task waits for the time of its next attempt.
        case pausing
        case fallingBack, over
    }

    /// The consequence of an event.
    struct Step {
        let action: AttemptMachine.Action
        /// The attempt that no longer waits for its turn.
        var leavesQueue: Int?
        /// Whether the running body is to be interrupted.
        var interruptsBody = false
        /// Whether readers of events have to be notified before the action; ``ManagedLife/told(_:_:at:)`` then follows.
        var tells = false
        /// Whether the task ends while no body of it is running.
        var endsUnrun = false

        init(_ action: AttemptMachine.Action = .nothing, endsUnrun: Bool = false) {
            self.action = action
            self.endsUnrun = endsUnrun
        }
    }

    private(set) var stage = Stage.idle
    private(set) var attempts: AttemptMachine
    /// The attempt that had its turn last; 0 before the first.
    private(set) var attempt = 0
    /// Changes whenever a body starts or ends, so that a late callback can tell that it is stale.
    private(set) var turn: UInt32 = 0
    /// Whether the running body has been asked to stop.
    private(set) var isInterrupted = false
    /// The failure for which the fallback stands in.
    private(set) var failure: AttemptMachine.Failure?

    init(_ attempts: AttemptMachine) { self.attempts = attempts }

    /// Returns whether this attempt waits for its turn.
    func isQueued(_ number: Int) -> Bool { stage == .queued && attempts.attempt == number }
    /// Returns whether this attempt has its turn.
    func isAttempting(_ number: Int) -> Bool { stage == .attempting && attempt == number }
    /// Returns whether the pause before this attempt continues.
    func isPausing(before number: Int) -> Bool { stage == .pausing && attempts.attempt == number - 1 }
    /// Returns whether this attempt neither waits for its turn nor has it.
    func isObsolete(_ number: Int) -> Bool {
        attempts.attempt != number || (stage != .queued && stage != .attempting)
    }

    // MARK: - Attempts

    /// Passes an event to the attempts, unless the task has ended or readers of events are being notified.
    mutating func advance(
        _ phase: some PhaseHolder, at now: Duration, _ event: (inout AttemptMachine) -> AttemptMachine.Action
    ) -> Step {
        guard stage != .over, stage != .telling, !phase.currentPhase.isTerminal else { return Step() }
        return decide(event(&attempts), phase, at: now)
    }

    /// Notes that an attempt has its turn.
    ///
    /// - Returns: whether its body is to be run.
    mutating func turnHasCome(_ number: Int, _ phase: some PhaseHolder) -> Bool {
        guard isQueued(number), phase.step({ $0.dispatch() }) == .run else { return false }
        stage = .attempting
        attempt = number
        beginTurn()
        return true
    }

    /// Notes that the body of an attempt begins.
    ///
    /// - Returns: whether readers of events have to be notified, and the next step.
    mutating func bodyBegins(_ phase: some PhaseHolder, at now: Duration) -> (announces: Bool, Step) {
        guard stage == .attempting, !isInterrupted, phase.step({ $0.begin() }) == .announce else {
            return (false, Step())
        }
        return (true, decide(attempts.attemptStarted(attempt, at: now), phase, at: now))
    }

    /// Notes that a body has ended. The caller then passes the outcome to the attempts.
    ///
    /// - Returns: the attempt whose body it was; nil for the fallback.
    mutating func bodyEnded() -> Int? {
        turn += 1
        return stage == .attempting ? attempt : nil
    }

    /// Puts an attempt whose outcome was looked up, and isn't known, back into the queue.
    ///
    /// - Returns: the attempt, which now waits for its turn; nil if it was interrupted in the meantime.
    mutating func returnToQueue(_ phase: some PhaseHolder) -> Int? {
        guard stage == .attempting, !isInterrupted, phase.step({ $0.returnToQueue() }) == .queue else { return nil }
        stage = .queued
        attempt = 0
        turn += 1
        return attempts.attempt
    }

    /// Counts attempts that failed in an earlier run.
    mutating func countEarlierAttempts(_ count: Int) { attempts.earlierAttempts = count }

    /// Notes that readers of events were notified. The earlier decision follows, unless the task was cancelled or its
    /// time ran out in the meantime.
    mutating func told(_ action: AttemptMachine.Action, _ phase: some PhaseHolder, at now: Duration) -> Step {
        if phase.step({ $0.announced() }) == .end {
            stage = .over
            return Step(.cancel, endsUnrun: true)
        }
        if case .runFallback = action { return decide(action, phase, at: now) }
        guard let deadline = attempts.deadlineTime, deadline <= now else { return decide(action, phase, at: now) }
        return decide(attempts.deadlineFired(), phase, at: now)
    }

    // MARK: - Time, cancellation, end

    /// Notes that the deadline has passed.
    ///
    /// - Parameter isResolved: whether all dependencies have ended.
    mutating func deadlineFired(_ phase: some PhaseHolder, isResolved: Bool, at now: Duration) -> Step {
        switch stage {
        case .idle:
            // Without the dependencies' values there is nothing to pass to a fallback. If all of them have ended, the
            // task is about to find that it is too late.
            guard !isResolved, phase.step({ $0.giveUp(as: .failed) }) == .end else { return Step() }
            _ = attempts.deadlineFired()
            stage = .over
            return Step(.fail(.deadline), endsUnrun: true)
        case .queued, .attempting, .pausing, .fallingBack:
            guard !phase.currentPhase.isTerminal else { return Step() }
            return decide(attempts.deadlineFired(), phase, at: now)
        case .telling, .over: return Step()
        }
    }

    /// Cancels the task.
    mutating func cancel(_ phase: some PhaseHolder) -> TaskPhase.Action {
        let action = phase.step { $0.cancel() }
        guard action == .interrupt else { return action }
        _ = attempts.cancelled()
        isInterrupted = true
        return action
    }

    /// Cancels the task if none of its bodies is running.
    mutating func cancelUnlessBegun(_ phase: some PhaseHolder) -> TaskPhase.Action {
        phase.currentPhase == .waiting ? cancel(phase) : .nothing
    }

    /// Notes that the running body is to stop.
    mutating func interrupt() { isInterrupted = true }

    /// Ends the task because it can't continue.
    ///
    /// - Returns: whether it ends now; if not, a running body or an announcement continues.
    mutating func giveUp(_ phase: some PhaseHolder) -> Bool {
        stage != .telling && phase.step { $0.giveUp(as: .failed) } == .end
    }

    /// Notes that the outcome is known.
    ///
    /// - Returns: the attempt that still waits for its turn, if any.
    mutating func end() -> Int? {
        defer { stage = .over }
        return stage == .queued ? attempts.attempt : nil
    }

    // MARK: - Deciding

    private mutating func decide(
        _ action: AttemptMachine.Action, _ phase: some PhaseHolder, at now: Duration
    ) -> Step {
        switch action {
        case .start, .wait, .runFallback: return goOn(to: action, phase)
        case .interrupt(let attempt, _): return interrupt(attempt, phase, at: now)
        case .fail: return end(action, as: .failed, phase)
        case .cancel: return end(action, as: .cancelled, phase)
        case .succeed: stage = .over
        case .watch, .interruptFallback, .nothing: break
        }
        return Step(action)
    }

    private mutating func beginTurn() {
        turn += 1
        isInterrupted = false
    }

    /// Moves to the next stage, or announces the previous attempt first where needed.
    private mutating func goOn(to action: AttemptMachine.Action, _ phase: some PhaseHolder) -> Step {
        switch (stage, action) {
        case (.telling, .wait): stage = .pausing
        case (.telling, .start): stage = .queued
        // Readers have already been notified that the first attempt is queued.
        case (.idle, .start): stage = .queued
        case (.telling, _), (.idle, _):
            guard phase.step({ $0.start() }) == .run else { return Step() }
            stage = .fallingBack
            beginTurn()
            if case .runFallback(let failure) = action { self.failure = failure }
        default:
            let leavesQueue = stage == .queued ? attempts.attempt : nil
            // If a cancellation comes first, the attempts know of it and don't continue.
            guard phase.step({ $0.announceAttempt() }) == .announce else { return Step() }
            stage = .telling
            var step = Step(action)
            step.tells = true
            step.leavesQueue = leavesQueue
            return step
        }
        return Step(action)
    }

    /// Stops an attempt, in whatever stage it is.
    private mutating func interrupt(_ attempt: Int, _ phase: some PhaseHolder, at now: Duration) -> Step {
        if stage == .attempting {
            isInterrupted = true
            var step = Step()
            step.interruptsBody = true
            return step
        }
        // The attempt hasn't begun, so that it ends right here.
        let leavesQueue = stage == .queued ? attempt : nil
        var step = decide(attempts.attemptCancelled(attempt, at: now, random: 0), phase, at: now)
        step.leavesQueue = leavesQueue
        return step
    }

    private mutating func end(_ action: AttemptMachine.Action, as end: TaskPhase, _ phase: some PhaseHolder) -> Step {
        switch stage {
        case .attempting, .fallingBack:
            stage = .over
            return Step(action)
        case .idle, .queued, .telling, .pausing:
            // The caller that ended the task first also releases it.
            guard phase.step({ $0.giveUp(as: end) }) == .end else { return Step() }
            let leavesQueue = stage == .queued ? attempts.attempt : nil
            stage = .over
            var step = Step(action, endsUnrun: true)
            step.leavesQueue = leavesQueue
            return step
        case .over: return Step()
        }
    }
}

/// An object that holds the phase of a task.
protocol PhaseHolder: AnyObject {
    var currentPhase: TaskPhase { get }
    /// Applies one event to the phase, atomically.
    func step(_ event: (inout TaskPhase) -> TaskPhase.Action) -> TaskPhase.Action
}

extension TaskNode: PhaseHolder {}
