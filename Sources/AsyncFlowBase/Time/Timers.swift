/// The timers of one engine, for everything that has to happen at a certain time of its clock.
///
/// One Swift task sleeps until the next timer, however many there are; without timers there is none. It calls the
/// actions one after the other, outside of locks, so they must be short and must not block.
package final class Timers: Sendable {
    package typealias Action = @Sendable () -> Void

    private struct State {
        var queue = TimerQueue<Action>()
        /// The current sleeper, or the last one.
        var sleeper: Task<Void, Never>?
    }

    private let clock: EngineClock
    private let state = Lock(State())

    package init(clock: EngineClock) { self.clock = clock }

    /// The number of timers that are set.
    package var count: Int { state.withLock { $0.queue.count } }

    /// The time since the engine was made.
    package func now() -> Duration { clock.now() }

    /// Calls `action` at this time, or at once if the time has passed; never after ``shutdown()``.
    @discardableResult
    package func schedule(at time: Duration, _ action: @escaping Action) -> TimerID {
        let (id, interrupted) = state.withLock { state in
            let (id, wake) = state.queue.schedule(at: time, action)
            return (id, apply(wake, &state))
        }
        interrupted?.cancel()
        return id
    }

    /// Cancels a timer.
    ///
    /// - Returns: whether it is certain that its action will not be called; false if the action was called, is being
    ///   called, or is about to be.
    @discardableResult
    package func cancel(_ id: TimerID) -> Bool {
        let (action, interrupted) = state.withLock { state in
            let (action, wake) = state.queue.cancel(id)
            return (action, apply(wake, &state))
        }
        interrupted?.cancel()
        return action != nil
    }

    /// Cancels all timers, and waits until there is no sleeper. Must not be awaited by an action.
    package func shutdown() async {
        let (dropped, interrupted) = state.withLock { state in
            let (dropped, wake) = state.queue.shutdown()
            return (dropped, apply(wake, &state))
        }
        interrupted?.cancel()
        _ = consume dropped  // outside of the lock: what they hold may end with them
        var awaited: Task<Void, Never>?
        while let sleeper = state.withLock({ $0.sleeper }), sleeper != awaited {  // one may have handed over to another
            await sleeper.value
            awaited = sleeper
        }
    }

    /// Starts the sleeper if necessary.
    ///
    /// - Returns: the sleeper to interrupt after the lock has been released.
    private func apply(_ wake: TimerQueue<Action>.Wake, _ state: inout State) -> Task<Void, Never>? {
        switch wake {
        case .start:
            startSleeper(&state)
            return nil
        case .interrupt: return state.sleeper
        case .nothing: return nil
        }
    }

    /// Starts a sleeper, on another thread. Called under the lock, so that a caller that interrupts the sleeper finds
    /// it.
    private func startSleeper(_ state: inout State) {
        state.sleeper = Task.detached { await self.sleep() }
    }

    private func sleep() async {
        while let step = nextStep() {
            switch step {
            case .fire(let actions): for action in actions { action() }
            case .sleep(let time):
                do {
                    try await clock.sleep(until: time)
                } catch {
                    // Prevents a busy loop if a custom clock can't sleep, for whatever reason.
                    if !Task.isCancelled { try? await Task.sleep(for: .milliseconds(10)) }
                }
            case .end: return
            }
        }
    }

    /// - Returns: the next step; nil if another sleeper takes over, because an interrupted Swift task can't sleep
    ///   again.
    private func nextStep() -> TimerQueue<Action>.Step? {
        let now = clock.now()
        return state.withLock { state in
            if Task.isCancelled, state.queue.count > 0 {
                startSleeper(&state)
                return nil
            }
            return state.queue.next(now: now)
        }
    }
}
