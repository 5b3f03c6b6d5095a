/// How a process and its group come to their end, as a state machine without any effects.
///
/// Events go in with the time at which they happen; what is to be done comes out. A process ends by itself or is
/// cancelled; what it leaves behind in its group is ended before it counts as ended: `SIGTERM`, and `SIGKILL` when the
/// grace period is over. Members of the group aren't our children, so nobody tells us when they end; they are looked
/// for at growing intervals, which only happens when something was left behind.
struct ProcessLifecycle: Hashable {
    typealias Instant = ContinuousClock.Instant

    /// A signal for the whole group.
    enum GroupSignal: Hashable {
        /// `SIGTERM`, and `SIGCONT` so that a stopped process gets it.
        case terminate
        /// `SIGKILL`.
        case kill
    }

    /// What is to be done.
    struct Step: Hashable {
        var signal: GroupSignal?
        /// When ``timePassed(groupIsGone:now:)`` is to be called, or `nil` for never.
        var wakeAt: Instant?
        var isFinished = false
    }

    private enum Phase: Hashable {
        case running
        /// Signalled; the process itself hasn't ended.
        case ending(Termination)
        /// The process itself has ended; others of its group haven't.
        case endingGroup(Termination, pause: Duration)
        case ended
    }

    private struct Termination: Hashable {
        var killAt: Instant
        var isKilled = false
    }

    private static let firstPause = Duration.milliseconds(1)
    private static let longestPause = Duration.milliseconds(50)

    private var phase = Phase.running
    private let gracePeriod: Duration

    /// Whether the process was cancelled before it ended by itself.
    private(set) var isCancelled = false

    init(gracePeriod: Duration) {
        self.gracePeriod = gracePeriod
    }

    /// Whether nothing has happened to it yet.
    var isRunning: Bool {
        switch phase {
        case .running: true
        case .ending, .endingGroup, .ended: false
        }
    }

    /// Whether the time is needed to look whether the group still has members.
    var awaitsGroup: Bool {
        switch phase {
        case .endingGroup: true
        case .running, .ending, .ended: false
        }
    }

    /// The process is to be ended.
    mutating func cancelled(now: Instant) -> Step {
        switch phase {
        case .running:
            isCancelled = true
            let killAt = now + gracePeriod
            phase = .ending(Termination(killAt: killAt))
            return Step(signal: .terminate, wakeAt: killAt)
        case .ending(let termination):
            // Cancelled before, or a signal on its way out.
            isCancelled = true
            return Step(wakeAt: termination.isKilled ? nil : termination.killAt)
        case .endingGroup(let termination, let pause):
            // It ended by itself, and its group is being ended already.
            return Step(wakeAt: Self.wakeAt(termination, pause, now))
        case .ended:
            return Step()
        }
    }

    /// The process has ended and is about to be reaped.
    ///
    /// As long as it isn't, nobody else can have its id, so this is when its group can be signalled without any doubt
    /// about who is meant.
    mutating func leaderExited(now: Instant) -> Step {
        switch phase {
        case .running:
            let killAt = now + gracePeriod
            phase = .ending(Termination(killAt: killAt))
            return Step(signal: .terminate, wakeAt: killAt)
        case .ending(let termination), .endingGroup(let termination, _):
            return Step(wakeAt: termination.isKilled ? nil : termination.killAt)
        case .ended:
            return Step()
        }
    }

    /// The process was reaped.
    mutating func leaderReaped(groupIsGone: Bool, now: Instant) -> Step {
        switch phase {
        case .ending(let termination):
            return continueEnding(termination, pause: Self.firstPause, groupIsGone: groupIsGone, now: now)
        case .running, .endingGroup, .ended:
            return Step()
        }
    }

    /// The time of an earlier step has come.
    ///
    /// - Parameter groupIsGone: Whether nothing is left of the group; only looked at if ``awaitsGroup``.
    mutating func timePassed(groupIsGone: Bool, now: Instant) -> Step {
        switch phase {
        case .ending(var termination):
            guard !termination.isKilled else { return Step() }
            guard now >= termination.killAt else { return Step(wakeAt: termination.killAt) }
            termination.isKilled = true
            phase = .ending(termination)
            return Step(signal: .kill)
        case .endingGroup(let termination, let pause):
            let longer = min(pause * 2, Self.longestPause)
            return continueEnding(termination, pause: longer, groupIsGone: groupIsGone, now: now)
        case .running, .ended:
            return Step()
        }
    }

    private mutating func continueEnding(
        _ termination: Termination,
        pause: Duration,
        groupIsGone: Bool,
        now: Instant
    ) -> Step {
        if groupIsGone {
            phase = .ended
            return Step(isFinished: true)
        }
        var termination = termination
        // Killed again at each look: a member may have started another process just before it was killed.
        let signal: GroupSignal? = termination.isKilled || now >= termination.killAt ? .kill : nil
        if signal != nil { termination.isKilled = true }
        phase = .endingGroup(termination, pause: pause)
        return Step(signal: signal, wakeAt: Self.wakeAt(termination, pause, now))
    }

    private static func wakeAt(_ termination: Termination, _ pause: Duration, _ now: Instant) -> Instant {
        termination.isKilled ? now + pause : min(now + pause, termination.killAt)
    }
}
