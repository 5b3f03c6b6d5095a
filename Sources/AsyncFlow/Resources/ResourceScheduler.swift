import AsyncFlowBase

/// Gives the resources of one backend to the tasks that want to run on it: carries out what ``ResourceQueue`` decides.
final class ResourceScheduler: Sendable {
    private typealias Queue = ResourceQueue<Turn, UInt64>

    /// One attempt of a task, in the queue. What comes late for an earlier attempt never meets a later one.
    private struct Turn: Hashable, Sendable {
        let number: UInt64
        let attempt: Int
        /// Who is told of its turn; nil in a look-up.
        var taker: (any TurnTaker)?
        static func == (a: Self, b: Self) -> Bool { a.number == b.number && a.attempt == b.attempt }
        func hash(into hasher: inout Hasher) { hasher.combine(number) }
    }

    private struct WakeUp {
        let time: Duration
        let number: UInt64
        /// Nil until it is set.
        var timer: TimerID?
    }

    private struct State {
        var queue: Queue
        /// When the queue has to be asked again.
        var wakeUp: WakeUp?
        var lastNumber: UInt64 = 0
    }

    /// What the queue wants to be done, and why a task that starts didn't do so at once.
    private typealias Decision = (action: Queue.Action, waitCause: WaitCause?)

    /// What there is to give; nil if the backend takes whatever it is given, and only priorities and limits count here.
    let capacity: ResourceCapacity?
    private let owner: String
    private let timers: Timers
    private let state: Lock<State>

    /// - Parameter owner: whose capacity it is, for messages: `backend 'local'`.
    init(capacity: ResourceCapacity?, owner: String, timers: Timers) {
        self.capacity = capacity
        self.owner = owner
        self.timers = timers
        state = Lock(State(queue: Queue(capacity: capacity ?? .nothing, owner: owner)))
    }

    /// Whether no task waits or has anything: all there is is free.
    var isUnused: Bool { state.withLock { $0.queue.isEmpty && $0.queue.isWhole } }
    /// How many tasks wait for their turn.
    var waitingCount: Int { state.withLock { $0.queue.waitingCount } }

    /// Tasks that wait in vain for what others have.
    struct Blockage: Sendable {
        struct Party: Sendable {
            let number: UInt64
            let label: String
            /// Whether it has what it has as long as a service runs.
            let isService: Bool
        }
        let waiting: [Party]
        let by: [Party]
        /// What they wait for, for people: `2 cores of backend 'local'`.
        let what: String
    }

    func blockages() -> [Blockage] {
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

    /// Queues an attempt of a task, which is told when its turn has come, maybe before this returns.
    ///
    /// - Parameters:
    ///   - number: that of the task.
    ///   - request: what the attempt asks for.
    ///   - defaultCores: the cores that it needs if the request doesn't say.
    ///   - limit: how many tasks with the same key may run at once, and begin within a time.
    func submit(
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

    /// Takes an attempt out of the queue, or what it had from it. Does nothing if it isn't there.
    ///
    /// - Parameter number: that of the task.
    func remove(_ number: UInt64, _ attempt: Int) {
        advance { queue, now in
            let turn = Turn(number: number, attempt: attempt)
            return queue.cancel(turn, at: now) + queue.finish(turn, at: now)
        }
    }

    /// Lets the queue decide, and tells the tasks; takes back what a task doesn't want any more.
    ///
    /// A loop, and not calls from within calls: of a hundred thousand tasks each may decline its turn.
    private func advance(_ event: (inout Queue, _ now: Duration) -> [Queue.Action]) {
        var decisions = decide(event)
        while !decisions.isEmpty {
            let declined = tell(decisions)
            if declined.isEmpty { return }
            decisions = decide { queue, now in declined.flatMap { queue.finish($0, at: now) } }
            for turn in declined { turn.taker?.turnWasDeclined() }
        }
    }

    /// - Returns: those that don't want their turn.
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

    /// Outside of the lock: a clock of the user's may be told that it has to wake somebody earlier.
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

/// Who waits for a turn in the queue, and has it until it is taken out of it.
protocol TurnTaker: AnyObject, Sendable {
    /// - Parameter waitCause: why that wasn't at once.
    /// - Returns: whether it takes what it is given.
    func turnHasCome(_ attempt: Int, _ allocation: ResourceAllocation?, _ waitCause: WaitCause?) -> Bool
    /// It doesn't have what it was given any more, because it didn't take it.
    func turnWasDeclined()
    func turnNeverComes(_ attempt: Int, _ reason: String)
    /// For people.
    var label: String { get }
    /// Whether what it has is kept after the end of its task.
    var outlivesTask: Bool { get }
}

extension ResourceCapacity {
    /// Nothing at all, for a queue in which only priorities and limits count.
    fileprivate static let nothing = ResourceCapacity(cores: 0, memory: .zero, gpus: [])
}

extension ResourceRequest {
    /// Nothing, not even what is usual.
    fileprivate static let nothing = ResourceRequest(cores: 0)
}
