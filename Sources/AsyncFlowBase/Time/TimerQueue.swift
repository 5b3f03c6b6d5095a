import HeapModule

/// The identity of one engine's timer.
package struct TimerID: Sendable, Hashable {
    fileprivate let number: UInt64
}

/// The order of timers, and the state of the sleeper that waits for the next one, as a pure state machine.
///
/// There is at most one sleeper, and none when there are no timers. It always asks ``next(now:)`` what to do next; an
/// earlier timer, or the cancellation of the last one, interrupts its sleep, and it asks again.
struct TimerQueue<Action> {
    private struct Entry: Comparable, Sendable {
        let time: Duration
        let id: TimerID

        /// Returns whether a timer comes first. Timers of the same time fire in the order in which they were set.
        static func < (a: Entry, b: Entry) -> Bool {
            (a.time, a.id.number) < (b.time, b.id.number)
        }
    }

    private enum Sleeper: Equatable {
        case none
        /// The sleeper is about to ask what to do.
        case awake
        case asleep(until: Duration)
    }

    /// The action that a caller that set or cancelled a timer has to take on the sleeper.
    enum Wake: Equatable {
        /// Start it.
        case start
        /// Interrupt its sleep.
        case interrupt
        case nothing
    }

    /// The next step of the sleeper.
    package enum Step {
        /// Perform these actions, and ask again.
        case fire([Action])
        /// Sleep, and ask again.
        case sleep(until: Duration)
        /// End: there is nothing left to wait for.
        case end
    }

    /// The action of each timer. A cancelled timer is removed only from here, and from `order` in passing.
    private var actions: [TimerID: Action] = [:]
    private var order = Heap<Entry>()
    private var sleeper = Sleeper.none
    private var lastNumber: UInt64 = 0
    private var isShutDown = false

    var count: Int { actions.count }
    /// The number of entries in use, including those of cancelled timers.
    var places: Int { order.count }

    /// Sets a timer; one in the past fires at once. After ``shutdown()`` no timer fires.
    mutating func schedule(at time: Duration, _ action: Action) -> (TimerID, Wake) {
        lastNumber += 1
        let id = TimerID(number: lastNumber)
        guard !isShutDown else { return (id, .nothing) }
        actions[id] = action
        order.insert(Entry(time: time, id: id))
        switch sleeper {
        case .none:
            sleeper = .awake
            return (id, .start)
        case .asleep(let until) where time < until: return (id, interrupt())
        case .awake, .asleep: return (id, .nothing)
        }
    }

    /// Cancels a timer.
    ///
    /// - Returns: its action; nil if it has fired or was cancelled before.
    mutating func cancel(_ id: TimerID) -> (Action?, Wake) {
        guard let action = actions.removeValue(forKey: id) else { return (nil, .nothing) }
        if order.count > 2 * actions.count + 64 { order.removeAll { actions[$0.id] == nil } }
        guard actions.isEmpty, case .asleep = sleeper else { return (action, .nothing) }
        return (action, interrupt())
    }

    /// Cancels all timers, now and in future.
    ///
    /// - Returns: their actions, for the caller to drop.
    mutating func shutdown() -> ([Action], Wake) {
        isShutDown = true
        let dropped = Array(actions.values)
        actions = [:]
        order = Heap()
        guard case .asleep = sleeper else { return (dropped, .nothing) }
        return (dropped, interrupt())
    }

    private mutating func interrupt() -> Wake {
        sleeper = .awake
        return .interrupt
    }

    /// Returns the next step of the sleeper.
    mutating func next(now: Duration) -> Step {
        var due: [Action] = []
        while let entry = order.min {
            guard let action = actions[entry.id] else {
                order.removeMin()
                continue
            }
            guard entry.time <= now else { break }
            due.append(action)
            actions[entry.id] = nil
            order.removeMin()
        }
        if !due.isEmpty {
            sleeper = .awake
            return .fire(due)
        }
        guard let entry = order.min else {
            sleeper = .none
            return .end
        }
        sleeper = .asleep(until: entry.time)
        return .sleep(until: entry.time)
    }
}

extension TimerQueue: Sendable where Action: Sendable {}
extension TimerQueue.Step: Sendable where Action: Sendable {}
