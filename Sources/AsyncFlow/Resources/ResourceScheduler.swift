import Synchronization

/// Gives the resources of one backend to the tasks that want to run on it: carries out what ``ResourceQueue`` decides.
final class ResourceScheduler: Sendable {
    private typealias Queue = ResourceQueue<Waiting, UInt64>

    /// A task in the queue.
    private struct Waiting: Hashable, Sendable {
        let number: UInt64
        /// Who is told of its turn; nil in a look-up.
        let taker: (any TurnTaker)?
        static func == (a: Self, b: Self) -> Bool { a.number == b.number }
        func hash(into hasher: inout Hasher) { hasher.combine(number) }
    }

    private struct State {
        var queue: Queue
        var wakeUp: (time: Duration, timer: TimerID)?
    }

    /// What there is to give; nil if the backend takes whatever it is given, and only priorities and limits count here.
    let capacity: ResourceCapacity?
    private let timers: Timers
    private let state: Mutex<State>

    /// - Parameter owner: whose capacity it is, for messages: `backend 'local'`.
    init(capacity: ResourceCapacity?, owner: String, timers: Timers) {
        self.capacity = capacity
        self.timers = timers
        state = Mutex(State(queue: Queue(capacity: capacity ?? .nothing, owner: owner)))
    }

    /// Queues a task for its next attempt; it is told when its turn has come, maybe before this returns.
    func submit(_ task: ManagedTaskNode, _ request: ResourceRequest) {
        let definition = task.definition
        let options = definition.options
        advance { queue, now in
            queue.submit(
                Waiting(number: task.number, taker: task.turnTaker), capacity == nil ? .nothing : request,
                defaultCores: definition.defaultCores,
                priority: options.policies.priority.level, limitKey: options.limit == nil ? nil : definition.limitID,
                limit: options.limit ?? TaskLimit(), at: now)
        }
    }

    /// Takes a task out of the queue, or what it had from it.
    func remove(_ task: ManagedTaskNode) { remove(task.number) }

    /// - Parameter number: that of the task.
    func remove(_ number: UInt64) {
        advance { queue, now in
            let waiting = Waiting(number: number, taker: nil)
            return queue.cancel(waiting, at: now) + queue.finish(waiting, at: now)
        }
    }

    /// Lets the queue decide, sets the time when it has to be asked again, and tells the tasks.
    private func advance(_ event: (inout Queue, _ now: Duration) -> [Queue.Action]) {
        let now = timers.now()
        let actions = state.withLock { state in
            let actions = event(&state.queue, now)
            updateWakeUp(&state)
            return actions
        }
        for action in actions {
            switch action {
            case .start(let waiting, let allocation): waiting.taker?.turnHasCome(allocation)
            case .refuse(let waiting, let reason): waiting.taker?.turnNeverComes(reason)
            case .drop: break
            }
        }
    }

    private func updateWakeUp(_ state: inout State) {
        guard state.queue.nextWakeUp != state.wakeUp?.time else { return }
        if let wakeUp = state.wakeUp { timers.cancel(wakeUp.timer) }
        state.wakeUp = state.queue.nextWakeUp.map { time in
            (time, timers.schedule(at: time) { [weak self] in self?.wake(at: time) })
        }
    }

    private func wake(at time: Duration) {
        advance { queue, now in queue.advance(to: max(now, time)) }
    }
}

/// Who waits for a turn in the queue, and has it until it is taken out of it.
protocol TurnTaker: AnyObject, Sendable {
    func turnHasCome(_ allocation: ResourceAllocation?)
    func turnNeverComes(_ reason: String)
}

extension ManagedTaskNode: TurnTaker {
    fileprivate var turnTaker: any TurnTaker { service.map { $0.turn(of: self) } ?? self }
}

extension ResourceCapacity {
    /// Nothing at all, for a queue in which only priorities and limits count.
    fileprivate static let nothing = ResourceCapacity(cores: 0, memory: .zero, gpus: [])
}

extension ResourceRequest {
    /// Nothing, not even what is usual.
    fileprivate static let nothing = ResourceRequest(cores: 0)
}
