/// Names a timer of one engine.
struct TimerID: Sendable, Hashable {
    fileprivate let number: UInt64
}

/// Which timer comes next, and whether somebody sleeps until then, as a pure state machine.
///
/// There is at most one sleeper, and none when there are no timers. What it does next is always asked of
/// ``next(now:)``; an earlier timer, or the end of the last one, interrupts its sleep, and it asks again.
struct TimerQueue<Action> {
    private struct Entry: Comparable, Sendable {
        let time: Duration
        let id: TimerID

        /// Timers of the same time go off in the order in which they were set.
        static func < (a: Entry, b: Entry) -> Bool {
            (a.time, a.id.number) < (b.time, b.id.number)
        }
    }

    private enum Sleeper: Equatable {
        case none
        /// It is about to ask what to do.
        case awake
        case asleep(until: Duration)
    }

    /// What the one who set or cancelled a timer has to do about the sleeper.
    enum Wake: Equatable {
        /// Start it.
        case start
        /// Interrupt its sleep.
        case interrupt
        case nothing
    }

    /// What the sleeper does next.
    enum Step {
        /// Do this, and ask again.
        case fire([Action])
        /// Sleep, and ask again.
        case sleep(until: Duration)
        /// Nothing is left to wait for.
        case end
    }

    /// What to do when each timer goes off; a cancelled timer is only taken out here, and from `order` in passing.
    private var actions: [TimerID: Action] = [:]
    private var order = BinaryHeap<Entry>()
    private var sleeper = Sleeper.none
    private var lastNumber: UInt64 = 0
    private var isShutDown = false

    var count: Int { actions.count }
    /// How many places are in use, with those of cancelled timers.
    var places: Int { order.count }

    /// Sets a timer; one of the past goes off at once. After ``shutdown()`` none goes off any more.
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

    /// Takes a timer back.
    ///
    /// - Returns: its action; nil if it has gone off or was cancelled before.
    mutating func cancel(_ id: TimerID) -> (Action?, Wake) {
        guard let action = actions.removeValue(forKey: id) else { return (nil, .nothing) }
        if order.count > 2 * actions.count + 64 { order.keep { actions[$0.id] != nil } }
        guard actions.isEmpty, case .asleep = sleeper else { return (action, .nothing) }
        return (action, interrupt())
    }

    /// Takes back all timers, now and in future.
    ///
    /// - Returns: their actions, for the caller to drop.
    mutating func shutdown() -> ([Action], Wake) {
        isShutDown = true
        let dropped = Array(actions.values)
        actions = [:]
        order = BinaryHeap()
        guard case .asleep = sleeper else { return (dropped, .nothing) }
        return (dropped, interrupt())
    }

    private mutating func interrupt() -> Wake {
        sleeper = .awake
        return .interrupt
    }

    /// The sleeper asks what to do.
    mutating func next(now: Duration) -> Step {
        var due: [Action] = []
        while let entry = order.first {
            guard let action = actions[entry.id] else {
                order.removeFirst()
                continue
            }
            guard entry.time <= now else { break }
            due.append(action)
            actions[entry.id] = nil
            order.removeFirst()
        }
        if !due.isEmpty {
            sleeper = .awake
            return .fire(due)
        }
        guard let entry = order.first else {
            sleeper = .none
            return .end
        }
        sleeper = .asleep(until: entry.time)
        return .sleep(until: entry.time)
    }
}

extension TimerQueue: Sendable where Action: Sendable {}
extension TimerQueue.Step: Sendable where Action: Sendable {}
