import AsyncFlowBase

/// The decisions of a pool about which worker gets which call, and about calls whose worker ends. Pure: it receives
/// events and their times, and returns the actions to be carried out.
///
/// A call is in one place from ``submit(_:kind:now:)`` until one ``Action/end(call:_:)`` or ``Action/deliver(call:)``.
struct PoolMachine {
    struct Settings {
        var workers = 2
        /// The number of bodies that run at once in a worker.
        var concurrency = 1
        /// The maximum number of calls that a worker has, running and sent ahead.
        var inFlightLimit = 256
        /// The amount of work, estimated from earlier calls of the same kind, that is sent ahead of the running calls.
        var aheadLimit: Duration = .milliseconds(2)
        var startTimeout: Duration = .seconds(30)
        var heartbeatTimeout: Duration = .seconds(10)
        /// The number of successive failures to start a worker after which the pool gives up.
        var startFailureLimit = 3
        var taskLimit = Int.max
        var memoryLimit = UInt64.max
        var firstBackoff: Duration = .milliseconds(100)
        var longestBackoff: Duration = .seconds(30)
        /// The time that a worker has to end when it has nothing left to do.
        var closingPatience: Duration = .seconds(5)
        /// Whether a worker that has calls may be silent for any time: an interpreter can't answer while it runs code
        /// that holds its lock. The end of its process is noticed anyway.
        var allowsBusySilence = false
        /// The time that a worker that is about to be killed for a call has to show what it is doing; nil if it can't.
        var stackPatience: Duration?

        var pingInterval: Duration { heartbeatTimeout / 4 }
    }

    enum KillReason: Hashable { case startTimeout, notNeeded, silence, cancelOverdue, cutOff, garbage, closingTimeout }
    enum CallEnd: Hashable { case lost(worker: Int), cancelled, poolFailed, poolClosed }

    enum Action: Hashable {
        case launch(worker: Int, slot: Int)
        case send(call: UInt64, worker: Int)
        case cancel(call: UInt64, worker: Int)
        case ping(worker: Int)
        /// Makes a worker write what it is doing to its standard error.
        case showStack(worker: Int)
        /// A worker that may be silent has left a ping unanswered, so its first call counts as begun: its interpreter
        /// runs code that blocks everything else in it, including the report of its start.
        case presumeStarted(call: UInt64, worker: Int)
        /// Makes a worker that has nothing left to do end.
        case closeInput(worker: Int)
        case kill(worker: Int, KillReason)
        /// The call's result has arrived; it is the first and only one.
        case deliver(call: UInt64)
        case end(call: UInt64, CallEnd)
    }

    enum Stage: Hashable {
        case starting(until: Duration)
        case ready
        /// The worker gets no more calls, and ends when it has none.
        case draining
        case closing(until: Duration)
        /// The worker can no longer send anything, and will be killed if it doesn't end.
        case cutOff(until: Duration)
        case killed
    }

    struct WorkerState {
        let slot: Int
        var stage: Stage
        /// The calls that were sent, in order.
        var inFlight: [UInt64] = []
        var load: Double = 0
        var lastHeard: Duration
        var nextPing: Duration
        var taskCount = 0

        mutating func release(_ call: UInt64, load callLoad: Double) {
            guard let place = inFlight.firstIndex(of: call) else { return }
            inFlight.remove(at: place)
            load = inFlight.isEmpty ? 0 : load - callLoad
        }
    }

    struct Call {
        let kind: Int
        var worker: Int?
        var isCancelled = false
        /// The time by which a cancelled call must have ended.
        var overdueAt: Duration?
        /// Whether its worker has been asked to show what it is doing.
        var hasShownStack = false
        /// The call's share of the load of its worker.
        var load: Double = 0
    }

    let settings: Settings
    private(set) var workers: [Int: WorkerState] = [:]
    private(set) var calls = CallTable<Call>()
    private var queue = CallQueue()
    /// By slot, the time at which a worker is to be launched; nil where there is one.
    private var launchTimes: [Duration?]
    private var lastWorker = 0
    private var startFailures = 0
    private var losses = 0
    private var cancelled: Set<UInt64> = []
    /// By kind, the time that its calls took, in seconds; nil if none has ended.
    private var estimates: [Double?] = []
    private(set) var hasFailed = false
    private(set) var isClosing = false

    init(_ settings: Settings) {
        self.settings = settings
        launchTimes = Array(repeating: .zero, count: settings.workers)
    }

    var isOver: Bool { workers.isEmpty && (isClosing || hasFailed) }
    var readyCount: Int { workers.values.count { $0.stage == .ready } }
    /// The number of calls that wait for a worker.
    var queuedCount: Int { queue.count }

    // MARK: - Calls

    mutating func submit(_ call: UInt64, kind: Int, now: Duration) -> [Action] {
        if isClosing { return [.end(call: call, .poolClosed)] }
        if hasFailed { return [.end(call: call, .poolFailed)] }
        calls[call] = Call(kind: kind)
        while kind >= estimates.count { estimates.append(nil) }
        if queue.isEmpty, let worker = bestWorker(for: kind) { return [send(call, to: worker)] }
        queue.append(call)
        return []
    }

    mutating func cancel(_ call: UInt64, gracePeriod: Duration, now: Duration) -> [Action] {
        guard let state = calls[call], !state.isCancelled else { return [] }
        guard let worker = state.worker else {
            calls[call] = nil
            queue.remove(call)
            return [.end(call: call, .cancelled)]
        }
        calls[call]!.isCancelled = true
        calls[call]!.overdueAt = now + gracePeriod.bounded
        cancelled.insert(call)
        return [.cancel(call: call, worker: worker)]
    }

    /// Notes that a result, of any sort, has arrived from a worker.
    mutating func finished(_ call: UInt64, by worker: Int, elapsed: Duration, now: Duration) -> [Action] {
        heard(worker, now: now)
        guard let state = calls[call], state.worker == worker else { return [] }  // it has ended otherwise
        let seconds = elapsed / .seconds(1)
        if let old = estimates[state.kind] {
            // A longer time counts at once; shorter times count only gradually.
            estimates[state.kind] = seconds > old ? seconds : old * 0.8 + seconds * 0.2
        } else {
            estimates[state.kind] = seconds
        }
        losses = 0
        calls[call] = nil
        if state.isCancelled { cancelled.remove(call) }
        var actions = [Action.deliver(call: call)]
        guard let index = workers.index(forKey: worker) else { return actions }
        workers.values[index].release(call, load: state.load)
        workers.values[index].taskCount += 1
        if workers.values[index].taskCount >= settings.taskLimit { drain(worker) }
        if workers.values[index].stage == .draining { actions += closeIfDrained(worker, now: now) }
        return actions
    }

    /// Gives waiting calls to workers that have room.
    mutating func fill() -> [Action] {
        var actions: [Action] = []
        while let call = queue.first, let state = calls[call], let worker = bestWorker(for: state.kind) {
            queue.removeFirst()
            actions.append(send(call, to: worker))
        }
        return actions
    }

    // MARK: - Workers

    mutating func connected(_ worker: Int, now: Duration) -> [Action] {
        guard var state = workers[worker], case .starting = state.stage else { return [] }
        state.stage = .ready
        state.lastHeard = now
        state.nextPing = now + settings.pingInterval
        workers[worker] = state
        startFailures = 0
        return fill()
    }

    mutating func heard(_ worker: Int, now: Duration) { workers[worker]?.lastHeard = now }

    mutating func reportedMemory(_ worker: Int, bytes: UInt64, now: Duration) -> [Action] {
        heard(worker, now: now)
        guard bytes >= settings.memoryLimit else { return [] }
        drain(worker)
        return closeIfDrained(worker, now: now)
    }

    /// Notes that the messages of a worker can't be understood, or that no more can arrive.
    mutating func broken(_ worker: Int, _ reason: KillReason) -> [Action] {
        guard let state = workers[worker], state.stage != .killed else { return [] }
        workers[worker]!.stage = .killed
        return [.kill(worker: worker, reason)]
    }

    /// Notes that no more messages can arrive from a worker, usually because it is about to end: it gets a moment
    /// to do so.
    mutating func cutOff(_ worker: Int, now: Duration) -> [Action] {
        guard let stage = workers[worker]?.stage, stage == .ready || stage == .draining else { return [] }
        workers[worker]!.stage = .cutOff(until: now + .seconds(1))
        return []
    }

    /// Notes that a worker's process has ended, and that all its messages have been read.
    ///
    /// - Parameter isHopeless: whether no other worker could do better.
    mutating func ended(_ worker: Int, hadConnected: Bool, isHopeless: Bool = false, now: Duration) -> [Action] {
        guard let state = workers.removeValue(forKey: worker) else { return [] }
        var actions: [Action] = []
        var back: [UInt64] = []
        for (place, call) in state.inFlight.enumerated() {
            guard let lost = calls[call] else { continue }
            cancelled.remove(call)
            let isOnlyThere = !lost.isCancelled && place >= settings.concurrency && !isClosing
            if isOnlyThere, !hasFailed {
                calls[call] = Call(kind: lost.kind)
                back.append(call)
                continue
            }
            calls[call] = nil
            let end: CallEnd = lost.isCancelled ? .cancelled : isOnlyThere ? .poolFailed : .lost(worker: worker)
            actions.append(.end(call: call, end))
        }
        queue.putBack(back)
        if isClosing || hasFailed { return actions }
        var pause = Duration.zero
        if !hadConnected {
            startFailures += 1
            if isHopeless || startFailures >= settings.startFailureLimit, readyCount == 0 {
                return actions + giveUp(now)
            }
            pause = backoff(after: startFailures)
        } else if case .closing = state.stage {
            pause = .zero
        } else {
            losses += 1
            pause = backoff(after: losses)
        }
        launchTimes[state.slot] = now + pause
        return actions + (pause == .zero ? timePassed(now) : []) + fill()
    }

    mutating func close(now: Duration) -> [Action] {
        guard !isClosing else { return [] }
        isClosing = true
        var actions = queue.removeAll().map { call in
            calls[call] = nil
            return Action.end(call: call, .poolClosed)
        }
        launchTimes = launchTimes.map { _ in nil }
        for worker in workers.keys.sorted() { actions += close(worker, now: now) }
        return actions
    }

    // MARK: - Time

    /// Notes that the pool itself didn't run for a while: its program was stopped, or the machine slept. No message was
    /// sent or read in that time, so it doesn't count.
    mutating func paused(for gap: Duration, now: Duration) {
        for (worker, state) in workers {
            workers[worker]!.lastHeard = min(now, state.lastHeard + gap)
            workers[worker]!.nextPing = now
            switch state.stage {
            case .starting(let time): workers[worker]!.stage = .starting(until: time + gap)
            case .closing(let time): workers[worker]!.stage = .closing(until: time + gap)
            case .cutOff(let time): workers[worker]!.stage = .cutOff(until: time + gap)
            case .ready, .draining, .killed: break
            }
        }
        for call in cancelled {
            if let time = calls[call]?.overdueAt { calls[call]!.overdueAt = time + gap }
        }
    }

    /// Does everything that is due.
    mutating func timePassed(_ now: Duration) -> [Action] {
        var actions: [Action] = []
        for slot in launchTimes.indices {
            guard let time = launchTimes[slot], time <= now, !hasFailed, !isClosing else { continue }
            launchTimes[slot] = nil
            lastWorker += 1
            workers[lastWorker] = WorkerState(
                slot: slot, stage: .starting(until: now + settings.startTimeout), lastHeard: now,
                nextPing: now + settings.startTimeout)
            actions.append(.launch(worker: lastWorker, slot: slot))
        }
        for (worker, state) in workers.sorted(by: { $0.key < $1.key }) {
            switch state.stage {
            case .starting(let time):
                if time <= now { actions += broken(worker, .startTimeout) }
            case .ready, .draining:
                if now - state.lastHeard >= settings.heartbeatTimeout, !maySayNothing(state) {
                    actions += broken(worker, .silence)
                } else if state.nextPing <= now {
                    workers[worker]!.nextPing = now + settings.pingInterval
                    actions.append(.ping(worker: worker))
                    if maySayNothing(state), now - state.lastHeard >= settings.pingInterval * 3 / 2,
                        let call = state.inFlight.first
                    {
                        actions.append(.presumeStarted(call: call, worker: worker))
                    }
                }
            case .closing(let time):
                if time <= now { actions += broken(worker, .closingTimeout) }
            case .cutOff(let time):
                if time <= now { actions += broken(worker, .cutOff) }
            case .killed: break
            }
        }
        for call in cancelled.sorted() {
            guard let state = calls[call], let time = state.overdueAt, time <= now, let worker = state.worker else {
                continue
            }
            if let patience = settings.stackPatience, !state.hasShownStack, workers[worker]?.stage == .ready {
                calls[call]!.hasShownStack = true
                calls[call]!.overdueAt = now + patience
                actions.append(.showStack(worker: worker))
            } else {
                actions += broken(worker, .cancelOverdue)
            }
        }
        return actions
    }

    /// The time at which something is due next.
    var nextTime: Duration? {
        var times = launchTimes.compactMap { $0 }
        for state in workers.values {
            switch state.stage {
            case .starting(let time), .closing(let time), .cutOff(let time): times.append(time)
            case .ready, .draining:
                times.append(
                    maySayNothing(state)
                        ? state.nextPing : min(state.nextPing, state.lastHeard + settings.heartbeatTimeout))
            case .killed: break
            }
        }
        for call in cancelled {
            guard let state = calls[call], let worker = state.worker, workers[worker]?.stage != .killed else {
                continue
            }
            if let time = state.overdueAt { times.append(time) }
        }
        return times.min()
    }

    // MARK: - Parts

    private func maySayNothing(_ worker: WorkerState) -> Bool {
        settings.allowsBusySilence && !worker.inFlight.isEmpty
    }

    private func bestWorker(for kind: Int) -> Int? {
        var best: (worker: Int, count: Int)?
        for (worker, state) in workers where state.stage == .ready {
            let count = state.inFlight.count
            if let best, (best.count, best.worker) <= (count, worker) { continue }
            if count >= settings.concurrency {
                guard count < settings.inFlightLimit, let estimate = estimates[kind],
                    state.load + estimate <= settings.aheadLimit / .seconds(1)
                else { continue }
            }
            best = (worker, count)
        }
        return best?.worker
    }

    private mutating func send(_ call: UInt64, to worker: Int) -> Action {
        // A call of an unknown kind may take any time: nothing is sent ahead of it.
        var state = calls[call]!
        state.worker = worker
        state.load = estimates[state.kind] ?? 1e9
        calls[call] = state
        let index = workers.index(forKey: worker)!
        workers.values[index].inFlight.append(call)
        workers.values[index].load += state.load
        return .send(call: call, worker: worker)
    }

    private mutating func drain(_ worker: Int) {
        if workers[worker]?.stage == .ready { workers[worker]!.stage = .draining }
    }

    private mutating func closeIfDrained(_ worker: Int, now: Duration) -> [Action] {
        guard let state = workers[worker], state.stage == .draining, state.inFlight.isEmpty else { return [] }
        return close(worker, now: now)
    }

    private mutating func close(_ worker: Int, now: Duration) -> [Action] {
        switch workers[worker]!.stage {
        case .closing, .cutOff, .killed: return []
        case .starting: return broken(worker, .notNeeded)  // it may never read that it is to end
        case .ready, .draining:
            workers[worker]!.stage = .closing(until: now + settings.closingPatience)
            return [.closeInput(worker: worker)]
        }
    }

    private mutating func giveUp(_ now: Duration) -> [Action] {
        hasFailed = true
        launchTimes = launchTimes.map { _ in nil }
        var actions = queue.removeAll().map { call in
            calls[call] = nil
            return Action.end(call: call, .poolFailed)
        }
        for worker in workers.keys.sorted() { actions += close(worker, now: now) }
        return actions
    }

    private func backoff(after count: Int) -> Duration {
        min(settings.longestBackoff, settings.firstBackoff * (1 << min(count - 1, 16)))
    }
}
