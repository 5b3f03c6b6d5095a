/// The end of a process and its group, as a pure state machine.
///
/// Events come in with the time at which they happen; the next step comes out. A process ends by itself or is
/// cancelled; processes that it leaves behind in its group are ended before it counts as ended: by `SIGTERM`, and by
/// `SIGKILL` after the grace period. Members of the group aren't children of this process, so nothing reports their
/// end; they are checked at growing intervals, but only if something was left behind.
package struct ProcessLifecycle: Hashable {
    package typealias Instant = ContinuousClock.Instant

    /// A signal for the whole group.
    package enum GroupSignal: Hashable {
        /// `SIGTERM`, and `SIGCONT` so that a stopped process gets it.
        case terminate
        /// `SIGKILL`.
        case kill
    }

    /// The next step.
    package struct Step: Hashable {
        package var signal: GroupSignal?
        /// The time at which ``timePassed(groupIsGone:now:)`` is to be called; nil for never.
        var wakeAt: Instant?
        package var isFinished = false
    }

    private enum Phase: Hashable {
        case running
        /// The group was signalled; the process itself hasn't ended.
        case ending(Termination)
        /// The process itself has ended, but others of its group haven't.
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
    package private(set) var isCancelled = false

    init(gracePeriod: Duration) {
        self.gracePeriod = gracePeriod
    }

    /// Whether the process neither has ended nor is being ended.
    package var isRunning: Bool {
        switch phase {
        case .running: true
        case .ending, .endingGroup, .ended: false
        }
    }

    /// Whether the next check has to find out whether the group still has members.
    var awaitsGroup: Bool {
        switch phase {
        case .endingGroup: true
        case .running, .ending, .ended: false
        }
    }

    /// Ends the process, because it was cancelled.
    package mutating func cancelled(now: Instant) -> Step {
        switch phase {
        case .running:
            isCancelled = true
            let killAt = now + gracePeriod
            phase = .ending(Termination(killAt: killAt))
            return Step(signal: .terminate, wakeAt: killAt)
        case .ending(let termination):
            // It was cancelled before, or a signal is on its way.
            isCancelled = true
            return Step(wakeAt: termination.isKilled ? nil : termination.killAt)
        case .endingGroup(let termination, let pause):
            // The process ended by itself, and its group is already being ended.
            return Step(wakeAt: Self.wakeAt(termination, pause, now))
        case .ended:
            return Step()
        }
    }

    /// Notes that the process has ended and is about to be reaped.
    ///
    /// Until it is reaped, no other process can have its id, so this is when its group can be signalled without hitting
    /// another one.
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

    /// Notes that the process was reaped.
    mutating func leaderReaped(groupIsGone: Bool, now: Instant) -> Step {
        switch phase {
        case .ending(let termination):
            return continueEnding(termination, pause: Self.firstPause, groupIsGone: groupIsGone, now: now)
        case .running, .endingGroup, .ended:
            return Step()
        }
    }

    /// Notes that the time of an earlier step has come.
    ///
    /// - Parameter groupIsGone: Whether nothing is left of the group; used only if ``awaitsGroup`` is true.
    package mutating func timePassed(groupIsGone: Bool, now: Instant) -> Step {
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
        // The group is killed again at each check: a member may have started another process just before it was killed.
        let signal: GroupSignal? = termination.isKilled || now >= termination.killAt ? .kill : nil
        if signal != nil { termination.isKilled = true }
        phase = .endingGroup(termination, pause: pause)
        return Step(signal: signal, wakeAt: Self.wakeAt(termination, pause, now))
    }

    private static func wakeAt(_ termination: Termination, _ pause: Duration, _ now: Instant) -> Instant {
        termination.isKilled ? now + pause : min(now + pause, termination.killAt)
    }
}
