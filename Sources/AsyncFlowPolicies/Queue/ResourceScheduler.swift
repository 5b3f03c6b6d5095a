package import AsyncFlowBase

/// The scheduler that allocates the resources of one backend to tasks, as ``ResourceQueue`` decides.
package final class ResourceScheduler: Sendable {
    private typealias Queue = ResourceQueue<Turn, UInt64>

    /// One attempt of a task, in the queue. A late event of an earlier attempt never affects a later one.
    private struct Turn: Hashable, Sendable {
        let number: UInt64
        let attempt: Int
        /// The object that gets the turn; nil in a look-up.
        var taker: (any TurnTaker)?
        static func == (a: Self, b: Self) -> Bool { a.number == b.number && a.attempt == b.attempt }
        func hash(into hasher: inout Hasher) { hasher.combine(number) }
    }

    private struct WakeUp {
        let time: Duration
        let number: UInt64
        /// The timer; nil until it is set.
        var timer: TimerID?
    }

    private struct State {
        var queue: Queue
        /// The time at which the queue has to be asked again.
        var wakeUp: WakeUp?
        var lastNumber: UInt64 = 0
    }

    /// An action of the queue, and the reason why a task that starts had to wait.
    private typealias Decision = (action: Queue.Action, waitCause: WaitCause?)

    /// The resources; nil if the backend takes every task, so that only priorities and limits count here.
    package let capacity: ResourceCapacity?
    private let owner: String
    private let timers: Timers
    private let state: Lock<State>

    /// - Parameter owner: the owner of the capacity, for messages: `backend 'local'`.
    package init(capacity: ResourceCapacity?, owner: String, timers: Timers) {
        self.capacity = capacity
        self.owner = owner
        self.timers = timers
        state = Lock(State(queue: Queue(capacity: capacity ?? .nothing, owner: owner)))
    }

    /// Whether no task waits or holds anything: all resources are free.
    package var isUnused: Bool { state.withLock { $0.queue.isEmpty && $0.queue.isWhole } }
    /// The number of tasks that wait for their turn.
    package var waitingCount: Int { state.withLock { $0.queue.waitingCount } }

    /// Tasks that wait in vain for resources that others hold.
    package struct Blockage: Sendable {
        package struct Party: Sendable {
            package let number: UInt64
            package let label: String
            /// Whether it holds its resources as long as a service runs.
            package let isService: Bool
        }
        package let waiting: [Party]
        package let by: [Party]
        /// The resources for which they wait, for people: `2 cores of backend 'local'`.
        package let what: String
    }

    package func blockages() -> [Blockage] {
        func parties(_ turns: [Turn]) -> [Blockage.Party] {
            turns.compactMap { turn in
                turn.taker.map { Blockage.Party(number: turn.number, label: $0.label, isService: $0.outlivesTask) }
            }
        }
        return state.withLock { $0.queue.blockages() }.map { blockage in
            var request = blockage.request
            if request.cores == nil, blockage.coresPerRank > 0 { request.cores = blockage.coresPerRank }
            let what = blockage.cause == .limit ? "its turn by .limit" : "\(request.summary) of \(owner)"
            return Blockage(waiting: parties(blockage.waiting), by: parties(blockage.by), what: what)
        }
    }

    /// Queues an attempt of a task, which is notified when it has its turn, possibly before this returns.
    ///
    /// - Parameters:
    ///   - number: the number of the task.
    ///   - request: the resources that the attempt requests.
    ///   - defaultCores: the number of cores if the request gives none.
    ///   - limit: the numbers of tasks with the same key that may run at once and begin within a period.
    package func submit(
        _ taker: any TurnTaker, _ number: UInt64, _ attempt: Int, _ request: ResourceRequest, defaultCores: Int,
        priority: Int, limit: (key: UInt64, TaskLimit)?
    ) {
        advance { queue, now in
            queue.submit(
                Turn(number: number, attempt: attempt, taker: taker), capacity == nil ? .nothing : request,
                defaultCores: defaultCores, priority: priority, limitKey: limit?.key, limit: limit?.1 ?? TaskLimit(),
                at: now)
        }
    }

    /// Removes an attempt from the queue, or gives back its resources. Does nothing if it isn't there.
    ///
    /// - Parameter number: the number of the task.
    package func remove(_ number: UInt64, _ attempt: Int) {
        advance { queue, now in
            let turn = Turn(number: number, attempt: attempt)
            return queue.cancel(turn, at: now) + queue.finish(turn, at: now)
        }
    }

    /// Passes an event to the queue, and notifies the tasks; gives back the resources of tasks that decline their turn.
    ///
    /// It is a loop rather than nested calls, because each of a hundred thousand tasks may decline its turn.
    private func advance(_ event: (inout Queue, _ now: Duration) -> [Queue.Action]) {
        var decisions = decide(event)
        while !decisions.isEmpty {
            let declined = tell(decisions)
            if declined.isEmpty { return }
            decisions = decide { queue, now in declined.flatMap { queue.finish($0, at: now) } }
            for turn in declined { turn.taker?.turnWasDeclined() }
        }
    }

    /// - Returns: the attempts that decline their turn.
    private func tell(_ decisions: [Decision]) -> [Turn] {
        var declined: [Turn] = []
        for decision in decisions {
            switch decision.action {
            case .start(let turn, let allocation):
                if turn.taker?.turnHasCome(turn.attempt, allocation, decision.waitCause) != true {
                    declined.append(turn)
                }
            case .refuse(let turn, let reason): turn.taker?.turnNeverComes(turn.attempt, reason)
            case .drop: break
            }
        }
        return declined
    }

    private func decide(_ event: (inout Queue, _ now: Duration) -> [Queue.Action]) -> [Decision] {
        let now = timers.now()
        let (decisions, obsolete, next) = state.withLock { state in
            let decisions = event(&state.queue, now).map { action -> Decision in
                guard case .start(let turn, _) = action else { return (action, nil) }
                return (action, state.queue.waitCause(of: turn))
            }
            guard state.queue.nextWakeUp != state.wakeUp?.time else {
                return (decisions, nil as TimerID?, nil as WakeUp?)
            }
            let obsolete = state.wakeUp?.timer
            state.lastNumber += 1
            state.wakeUp = state.queue.nextWakeUp.map { WakeUp(time: $0, number: state.lastNumber) }
            return (decisions, obsolete, state.wakeUp)
        }
        if let obsolete { timers.cancel(obsolete) }
        if let next { setTimer(next) }
        return decisions
    }

    /// Sets a timer. Outside of the lock, because it may call a custom clock that has to wake a sleeper earlier.
    private func setTimer(_ wakeUp: WakeUp) {
        let timer = timers.schedule(at: wakeUp.time) { [weak self] in
            self?.advance { queue, now in queue.advance(to: max(now, wakeUp.time)) }
        }
        let isObsolete = state.withLock { state in
            guard state.wakeUp?.number == wakeUp.number else { return true }
            state.wakeUp?.timer = timer
            return false
        }
        if isObsolete { timers.cancel(timer) }
    }
}

/// An object that waits for a turn in the queue, and holds it until it is removed from the queue.
package protocol TurnTaker: AnyObject, Sendable {
    /// Called when an attempt has its turn.
    ///
    /// - Parameter waitCause: the reason why it had to wait, if it did.
    /// - Returns: whether it accepts the turn.
    func turnHasCome(_ attempt: Int, _ allocation: ResourceAllocation?, _ waitCause: WaitCause?) -> Bool
    /// Called when it no longer holds the resources of the turn that it declined.
    func turnWasDeclined()
    func turnNeverComes(_ attempt: Int, _ reason: String)
    /// The name for people.
    var label: String { get }
    /// Whether its resources are kept after the end of its task.
    var outlivesTask: Bool { get }
}

extension ResourceCapacity {
    /// A capacity of nothing at all, for a queue in which only priorities and limits count.
    fileprivate static let nothing = ResourceCapacity(exactly: 0, .zero, [], [:])
}

extension ResourceRequest {
    /// A request for nothing, not even the defaults.
    fileprivate static let nothing = ResourceRequest(cores: 0)
}
