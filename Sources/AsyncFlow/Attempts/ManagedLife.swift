/// Where a task with attempts is in its life: a pure state machine that keeps two others together.
///
/// ``AttemptMachine`` says what comes next, and ``TaskPhase`` who may go on. Each event changes both in one go and
/// gives a ``Step``, which the task carries out when it has released its lock. The phase is somewhere else, because it
/// is also changed by those who don't have the lock.
///
/// ```
/// idle ──start──▶ queued ──turn──▶ attempting ──▶ telling ──▶ queued, pausing or fallingBack ──▶ … ──▶ over
/// ```
struct ManagedLife: Sendable {
    enum Stage {
        /// Its dependencies haven't ended, or it is about to be looked at for the first time.
        case idle
        /// It waits for its turn.
        case queued
        case attempting
        /// Readers of events are told what has become of an attempt, or that the next one is queued. Whatever comes
        /// meanwhile is looked at afterwards.
        case telling
        /// It waits for the time of its next attempt.
        case pausing
        case fallingBack, over
    }

    /// What follows from an event.
    struct Step {
        let action: AttemptMachine.Action
        /// The attempt that doesn't wait for its turn any more.
        var leavesQueue: Int?
        /// Whether the body that runs is to be interrupted.
        var interruptsBody = false
        /// Whether readers of events have to be told before the action; ``ManagedLife/told(_:_:at:)`` follows then.
        var tells = false
        /// Whether the task ends without a body that was running at that moment.
        var endsUnrun = false

        init(_ action: AttemptMachine.Action = .nothing, endsUnrun: Bool = false) {
            self.action = action
            self.endsUnrun = endsUnrun
        }
    }

    private(set) var stage = Stage.idle
    private(set) var attempts: AttemptMachine
    /// The attempt whose turn came last; 0 before the first.
    private(set) var attempt = 0
    /// Changes whenever a body starts or ends, so that a late callback can tell that it is stale.
    private(set) var turn: UInt32 = 0
    /// Whether the body that runs has been told to stop.
    private(set) var isInterrupted = false
    /// What the fallback stands in for.
    private(set) var failure: AttemptMachine.Failure?

    init(_ attempts: AttemptMachine) { self.attempts = attempts }

    /// Whether this attempt waits for its turn.
    func isQueued(_ number: Int) -> Bool { stage == .queued && attempts.attempt == number }
    /// Whether this attempt has its turn.
    func isAttempting(_ number: Int) -> Bool { stage == .attempting && attempt == number }
    /// Whether the pause before this attempt goes on.
    func isPausing(before number: Int) -> Bool { stage == .pausing && attempts.attempt == number - 1 }
    /// Whether this attempt neither waits for its turn nor has it.
    func isObsolete(_ number: Int) -> Bool {
        attempts.attempt != number || (stage != .queued && stage != .attempting)
    }

    // MARK: - Attempts

    /// Lets the attempts decide about an event, unless the task has ended or readers of events are being told.
    mutating func advance(
        _ phase: some PhaseHolder, at now: Duration, _ event: (inout AttemptMachine) -> AttemptMachine.Action
    ) -> Step {
        guard stage != .over, stage != .telling, !phase.currentPhase.isTerminal else { return Step() }
        return decide(event(&attempts), phase, at: now)
    }

    /// The turn of an attempt has come.
    ///
    /// - Returns: whether its body is to be run.
    mutating func turnHasCome(_ number: Int, _ phase: some PhaseHolder) -> Bool {
        guard isQueued(number), phase.step({ $0.dispatch() }) == .run else { return false }
        stage = .attempting
        attempt = number
        beginTurn()
        return true
    }

    /// The body of an attempt begins.
    ///
    /// - Returns: whether readers of events have to be told so, and what follows.
    mutating func bodyBegins(_ phase: some PhaseHolder, at now: Duration) -> (announces: Bool, Step) {
        guard stage == .attempting, !isInterrupted, phase.step({ $0.begin() }) == .announce else {
            return (false, Step())
        }
        return (true, decide(attempts.attemptStarted(attempt, at: now), phase, at: now))
    }

    /// A body has ended; how is said to the attempts next.
    ///
    /// - Returns: the attempt whose body it was; nil for the fallback.
    mutating func bodyEnded() -> Int? {
        turn += 1
        return stage == .attempting ? attempt : nil
    }

    /// The body was only run to find out whether its outcome is known, and it isn't.
    ///
    /// - Returns: the attempt that waits for its turn now; nil if it was interrupted meanwhile.
    mutating func returnToQueue(_ phase: some PhaseHolder) -> Int? {
        guard stage == .attempting, !isInterrupted, phase.step({ $0.returnToQueue() }) == .queue else { return nil }
        stage = .queued
        attempt = 0
        turn += 1
        return attempts.attempt
    }

    /// Counts attempts that failed in an earlier run.
    mutating func countEarlierAttempts(_ count: Int) { attempts.earlierAttempts = count }

    /// Readers of events have been told: what was decided before follows, unless the task was cancelled or its time was
    /// over meanwhile.
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

    /// The time for everything together is over.
    ///
    /// - Parameter isResolved: whether all dependencies have ended.
    mutating func deadlineFired(_ phase: some PhaseHolder, isResolved: Bool, at now: Duration) -> Step {
        switch stage {
        case .idle:
            // Without the dependencies' values there is nothing to give to a fallback. If they are there, the task is
            // about to find that it is too late.
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

    /// The task is cancelled.
    mutating func cancel(_ phase: some PhaseHolder) -> TaskPhase.Action {
        let action = phase.step { $0.cancel() }
        guard action == .interrupt else { return action }
        _ = attempts.cancelled()
        isInterrupted = true
        return action
    }

    /// The task is cancelled if nothing of it runs.
    mutating func cancelUnlessBegun(_ phase: some PhaseHolder) -> TaskPhase.Action {
        phase.currentPhase == .waiting ? cancel(phase) : .nothing
    }

    /// The body that runs is to stop.
    mutating func interrupt() { isInterrupted = true }

    /// The task can't go on.
    ///
    /// - Returns: whether it ends now; if not, what runs or is being told goes on.
    mutating func giveUp(_ phase: some PhaseHolder) -> Bool {
        stage != .telling && phase.step { $0.giveUp(as: .failed) } == .end
    }

    /// The outcome is known.
    ///
    /// - Returns: the attempt that still waits for its turn.
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
        // That the first attempt is queued has been told.
        case (.idle, .start): stage = .queued
        case (.telling, _), (.idle, _):
            guard phase.step({ $0.start() }) == .run else { return Step() }
            stage = .fallingBack
            beginTurn()
            if case .runFallback(let failure) = action { self.failure = failure }
        default:
            let leavesQueue = stage == .queued ? attempts.attempt : nil
            // A cancellation that comes first has been told to the attempts: they don't go on then.
            guard phase.step({ $0.announceAttempt() }) == .announce else { return Step() }
            stage = .telling
            var step = Step(action)
            step.tells = true
            step.leavesQueue = leavesQueue
            return step
        }
        return Step(action)
    }

    /// Stops an attempt, wherever it is.
    private mutating func interrupt(_ attempt: Int, _ phase: some PhaseHolder, at now: Duration) -> Step {
        if stage == .attempting {
            isInterrupted = true
            var step = Step()
            step.interruptsBody = true
            return step
        }
        // It hasn't begun: that is how it ends.
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
            // Whoever ended it first also lets go of it.
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

/// What has the phase of a task.
protocol PhaseHolder: AnyObject {
    var currentPhase: TaskPhase { get }
    /// Applies one event of the phase, atomically.
    func step(_ event: (inout TaskPhase) -> TaskPhase.Action) -> TaskPhase.Action
}

extension TaskNode: PhaseHolder {}
