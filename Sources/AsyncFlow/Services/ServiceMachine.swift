import AsyncFlowBase

/// The life of one service, as a pure state machine: events in, actions out.
///
/// ```
/// idle ─start─▶ starting(1) ──checkPassed──▶ ready(1) ──────processEnded─────┐
///                  │  └─startupIsOver─▶ replacing(1) ─processEnded─┐         │
///                  │                                               ▼         ▼
///                  └────────────────processEnded──────▶ pausing(2), if it may be restarted, or ended
/// pausing(2) ─pauseIsOver─▶ starting(2) …
/// starting, ready, replacing ─stop─▶ stopping ─processEnded─▶ ended
/// ```
///
/// A run is one process of the service, counted from 1. A late event, of an earlier run or after the end, yields no
/// action.
/// Times are durations since the engine was made.
struct ServiceMachine: Sendable {
    /// The next steps of the caller of an event, in this order.
    enum Action: Hashable {
        /// Start the process of this run, and call ``ServiceMachine/processEnded(_:failed:byItself:at:)`` when it has
        /// ended.
        case launch(run: Int)
        /// Check at this time whether the service is ready, and report the result.
        case check(run: Int, at: Duration)
        /// Call ``ServiceMachine/startupIsOver(_:)`` at this time.
        case limitStartup(run: Int, until: Duration)
        /// The service can be used, for the first time or again.
        case announceReady(run: Int)
        /// The process has ended and another one follows: call ``ServiceMachine/pauseIsOver(_:at:)`` at this time.
        case restart(run: Int, at: Duration)
        /// Stop the process of this run.
        case interrupt(run: Int)
        /// Finish: there is no process left, and there will be none.
        case end(End)
    }

    /// The way in which a service ended.
    enum End: Hashable {
        case stopped(StopReason)
        /// The process ended without being asked to.
        case died(wasReady: Bool)
        case neverReady
    }

    enum StopReason: Hashable {
        case requested, unused, cancelled, blockEnded, engineShutDown
        /// A service that this one uses has failed.
        case dependencyFailed
    }

    private enum State {
        case idle
        case starting(Int, checks: Int)
        case ready(Int)
        /// The start-up took too long; the process is being stopped.
        case replacing(Int)
        /// The pause before this run.
        case pausing(Int)
        case stopping(Int, StopReason)
        case ended(End)
    }

    /// The pauses between checks: 10 ms, then half as long again each time, at most 500 ms.
    static let checkPauses = Backoff.exponential(
        initial: .milliseconds(10), factor: 1.5, maximum: .milliseconds(500))

    private let restart: ServiceRestart
    private let startupTimeout: Duration
    private var state = State.idle
    private var hasBeenReady = false

    init(restart: ServiceRestart, startupTimeout: Duration) {
        self.restart = restart
        self.startupTimeout = min(startupTimeout, .aCentury)
    }

    /// The current run, or the last one; 0 before the first.
    private(set) var run = 0

    /// The state that users see.
    var publicState: ServiceState {
        switch state {
        case .idle: .starting
        case .starting, .replacing, .pausing: hasBeenReady || run > 1 ? .restarting : .starting
        case .ready: .ready
        case .stopping: .stopping
        case .ended(.stopped(.dependencyFailed)), .ended(.died), .ended(.neverReady): .failed
        case .ended(.stopped): .stopped
        }
    }

    var end: End? {
        if case .ended(let end) = state { end } else { nil }
    }

    mutating func start(at now: Duration) -> [Action] {
        switch state {
        case .idle: launch(1, at: now)
        case .starting, .ready, .replacing, .pausing, .stopping, .ended: []
        }
    }

    /// Notes that the check has found the service ready.
    mutating func checkPassed(_ number: Int) -> [Action] {
        switch state {
        case .starting(number, _):
            state = .ready(number)
            hasBeenReady = true
            return [.announceReady(run: number)]
        case .idle, .starting, .ready, .replacing, .pausing, .stopping, .ended: return []
        }
    }

    /// Notes that the check has found the service not ready yet.
    mutating func checkFailed(_ number: Int, at now: Duration) -> [Action] {
        switch state {
        case .starting(number, let checks):
            state = .starting(number, checks: checks + 1)
            return [.check(run: number, at: now + Self.checkPauses.pause(beforeRetry: checks + 1))]
        case .idle, .starting, .ready, .replacing, .pausing, .stopping, .ended: return []
        }
    }

    mutating func startupIsOver(_ number: Int) -> [Action] {
        switch state {
        case .starting(number, _):
            state = .replacing(number)
            return [.interrupt(run: number)]
        case .idle, .starting, .ready, .replacing, .pausing, .stopping, .ended: return []
        }
    }

    /// Notes that the process of a run has ended, or couldn't be started.
    ///
    /// - Parameters:
    ///   - failed: whether it ended in another way than with exit code 0.
    ///   - byItself: whether it ended before it was stopped, or for another reason.
    mutating func processEnded(_ number: Int, failed: Bool, byItself: Bool = true, at now: Duration) -> [Action] {
        switch state {
        case .starting(number, _): return goOn(after: number, failed: failed, else: .died(wasReady: false), at: now)
        case .ready(number): return goOn(after: number, failed: failed, else: .died(wasReady: true), at: now)
        case .replacing(number): return goOn(after: number, failed: true, else: .neverReady, at: now)
        // A service that had already died unnoticed wasn't stopped.
        case .stopping(number, let reason):
            return end(failed && byItself ? .died(wasReady: hasBeenReady) : .stopped(reason))
        case .idle, .starting, .ready, .replacing, .pausing, .stopping, .ended: return []
        }
    }

    mutating func pauseIsOver(_ number: Int, at now: Duration) -> [Action] {
        switch state {
        case .pausing(number): launch(number, at: now)
        case .idle, .starting, .ready, .replacing, .pausing, .stopping, .ended: []
        }
    }

    /// Stops the service, because nothing needs it anymore or nothing may use it.
    mutating func stop(_ reason: StopReason) -> [Action] {
        switch state {
        case .idle, .pausing: return end(.stopped(reason))
        case .starting(let number, _), .ready(let number):
            state = .stopping(number, reason)
            return [.interrupt(run: number)]
        case .replacing(let number):
            state = .stopping(number, reason)
            return []
        case .stopping, .ended: return []
        }
    }

    // MARK: - Steps

    private mutating func launch(_ number: Int, at now: Duration) -> [Action] {
        run = number
        state = .starting(number, checks: 0)
        return [
            .launch(run: number), .limitStartup(run: number, until: now + startupTimeout),
            .check(run: number, at: now),
        ]
    }

    private mutating func goOn(after number: Int, failed: Bool, else end: End, at now: Duration) -> [Action] {
        guard let pause = restart.pause(beforeRestart: number, failed: failed) else { return self.end(end) }
        state = .pausing(number + 1)
        return [.restart(run: number + 1, at: now + min(pause, .aCentury))]
    }

    private mutating func end(_ end: End) -> [Action] {
        state = .ended(end)
        return [.end(end)]
    }
}
