import AsyncFlowBase
import AsyncFlow
import Logging

/// A pool: the machine under a lock, the calls, the connections. One thread reads from all workers and does everything
/// that is due; callers write to an idle worker themselves, because waking that thread first would take twice the time.
final class PoolCore: Sendable {
    /// A call that hasn't ended.
    final class PendingCall: @unchecked Sendable {  // what changes is only touched under the pool's lock
        let call: PortableCall
        /// The bytes that are sent before the input.
        let head: [UInt8]
        let end: CallEnding
        /// The time at which the pool got it.
        let submitted: Duration
        /// Whether its task has been notified of its start.
        var hasStarted = false

        init(_ call: PortableCall, at submitted: Duration, _ end: @escaping CallEnding) {
            self.call = call
            self.end = end
            self.submitted = submitted
            head = CallContent(call).head
        }
    }
    typealias CallEnding = @Sendable (Result<PortableResult, any Error>) -> Void

    /// The record of an existing worker.
    final class WorkerRecord: @unchecked Sendable {  // what changes is only touched under the pool's lock
        let link: WorkerLink
        var hello: Hello?
        /// The places of its tasks, by name.
        var places: [String: (index: UInt32, signature: String)] = [:]
        /// The functions of another language that the worker knows, by their place.
        var functions: [ForeignFunction] = []
        var functionPlaces: [ObjectIdentifier: UInt32] = [:]
        /// The reason why it was killed or can't be used.
        var trouble: String?
        /// The end of its process.
        var end: WorkerEnd?

        init(_ link: WorkerLink) { self.link = link }
    }

    struct State {
        var machine: PoolMachine
        var numbers = CallNumbers()
        var calls = CallTable<PendingCall>()
        var workers: [Int: WorkerRecord] = [:]
        var kinds: [String: Int] = [:]
        /// The links with something to write.
        var dirty: [WorkerLink] = []
        var ended: [(worker: Int, end: WorkerEnd)] = []
        /// Whether the thread sleeps and hasn't been woken.
        var isAsleep = false
        /// The number of users that have started the pool and not shut it down.
        var users = 0
        var wantsClose = false
        var isRunning = false
        var failure: String?
        var lastWaiter = 0
        var starting: [Int: CheckedContinuation<Void, any Error>] = [:]
        var whenOver: [CheckedContinuation<Void, Never>] = []

        /// Whether the thread is about to end.
        var isEnding: Bool { isRunning && (wantsClose || machine.isClosing || machine.hasFailed) }

        mutating func takeStarting() -> [CheckedContinuation<Void, any Error>] {
            defer { starting = [:] }
            return Array(starting.values)
        }
    }

    let name: String
    let workerCount: Int
    let launcher: WorkerLauncher
    let configuration: WorkerPoolBackend.Configuration
    let state: Lock<State>
    let waker = Waker()
    private let origin = ContinuousClock.now

    init(name: String, workers: Int, launcher: WorkerLauncher, configuration: WorkerPoolBackend.Configuration) {
        self.name = name
        workerCount = workers
        self.launcher = launcher
        self.configuration = configuration
        var settings = PoolMachine.Settings()
        settings.workers = workers
        settings.concurrency = max(1, configuration.concurrency)
        settings.inFlightLimit = max(settings.concurrency, configuration.inFlightLimit)
        settings.startTimeout = configuration.startTimeout.bounded
        settings.heartbeatTimeout = configuration.heartbeatTimeout.bounded
        settings.startFailureLimit = max(1, configuration.startFailureLimit)
        settings.taskLimit = max(1, configuration.tasksPerWorker ?? .max)
        settings.memoryLimit = configuration.memoryPerWorker.map { UInt64(clamping: $0.bytes) } ?? .max
        settings.firstBackoff = configuration.firstBackoff.bounded
        settings.longestBackoff = configuration.longestBackoff.bounded
        if let foreign = configuration.foreign, !foreign.isBridge {
            settings.allowsBusySilence = true
            settings.stackPatience = launcher.isLocal ? .milliseconds(200) : nil
        }
        state = Lock(State(machine: PoolMachine(settings)))
    }

    var now: Duration { ContinuousClock.now - origin }

    // MARK: - Requests of the engine

    /// Starts the pool for another user, which calls ``shutdown()`` afterwards.
    func start() async throws {
        try await open { $0.users += 1 }
        do { try await waitUntilReady() } catch {
            await shutdown()  // whoever couldn't start isn't asked to shut down
            throw error
        }
    }

    /// Starts the pool unless it is running: for an owner that calls this repeatedly, and shuts it down once.
    func startOnce() async throws {
        try await open { $0.users = max(1, $0.users) }
        try await waitUntilReady()
    }

    /// Starts the thread if there is none. If it is about to end, its end is awaited first.
    private func open(_ enter: @Sendable (inout State) -> Void) async throws {
        enum Step { case wait, open, join }
        while true {
            let step = state.withLock { state -> Step in
                if state.isEnding { return .wait }
                enter(&state)
                guard !state.isRunning else { return .join }
                state.isRunning = true
                state.wantsClose = false
                state.failure = nil
                state.machine = PoolMachine(state.machine.settings)
                return .open
            }
            switch step {
            case .wait: await waitUntilOver()
            case .join: return
            case .open:
                do {
                    try waker.open()
                    return try SystemThread.startDetached { [self] in PoolLoop(self).run() }
                } catch {
                    hasNoThread()
                    throw WorkerPoolError(
                        code: .backendUnavailable, poolName: name,
                        message: "the pool '\(name)' couldn't start its own thread: \(error)")
                }
            }
        }
    }

    private func hasNoThread() {
        waker.close()
        let (starting, over) = state.withLock { state in
            state.isRunning = false
            state.users = 0
            defer { state.whenOver = [] }
            return (state.takeStarting(), state.whenOver)
        }
        for continuation in starting { continuation.resume(throwing: CancellationError()) }
        for continuation in over { continuation.resume() }
    }

    func waitUntilReady() async throws {
        let waiter = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome = state.withLock { state -> Result<Void, any Error>? in
                    if state.machine.readyCount > 0 { return .success(()) }
                    if state.machine.hasFailed { return .failure(poolFailure(state)) }
                    if !state.isRunning || state.isEnding { return .failure(CancellationError()) }
                    state.starting[waiter] = continuation
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
                // If the task was cancelled before this, nobody waited yet.
                if Task.isCancelled { stopWaiting(waiter) }
            }
        } onCancel: {
            stopWaiting(waiter)
        }
    }

    private func stopWaiting(_ waiter: Int) {
        state.withLock { $0.starting.removeValue(forKey: waiter) }?.resume(throwing: CancellationError())
    }

    func execute(_ call: PortableCall) async throws -> PortableResult {
        let number = state.withLock { $0.numbers.take() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                begin(call, number: number) { continuation.resume(with: $0) }
                // If the task was cancelled before this, the call wasn't known yet.
                if Task.isCancelled { cancel(number) }
            }
        } onCancel: {
            cancel(number)
        }
    }

    /// Accepts a call, whose end is reported on any thread.
    ///
    /// - Parameter number: the call's number, if it has one already.
    /// - Returns: the call's number.
    @discardableResult
    func begin(_ call: PortableCall, number: UInt64? = nil, _ end: @escaping CallEnding) -> UInt64 {
        let pending = PendingCall(call, at: now, end)
        return change { state, effects in
            let number = number ?? state.numbers.take()
            state.calls[number] = pending
            if let problem = WireProtocol.problem(withSize: call.input.count + pending.head.count) {
                let error = PortableCodingError("\(call.signature): the argument \(problem)")
                self.end(number, .failure(error), &state, &effects)
                return number
            }
            let kind = state.kinds[call.portableName] ?? state.kinds.count
            if kind == state.kinds.count { state.kinds[call.portableName] = kind }
            perform(state.machine.submit(number, kind: kind, now: pending.submitted), &state, &effects)
            return number
        }
    }

    /// Removes a user. With the last one the workers end, and this returns when they have ended.
    func shutdown() async {
        let isLast = state.withLock { state in
            state.users = max(0, state.users - 1)
            return state.users == 0 && state.isRunning
        }
        guard isLast else { return }
        change { state, effects in
            // The pool may have been started again.
            if state.users == 0 { state.wantsClose = true }
            effects.wakes = true
        }
        if state.withLock({ $0.isEnding }) { await waitUntilOver() }
    }

    private func waitUntilOver() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.isRunning { state.whenOver.append(continuation) }
                return !state.isRunning
            }
            if isOver { continuation.resume() }
        }
    }

    var statuses: [WorkerStatus] {
        state.withLock { state in
            state.machine.workers.sorted { $0.key < $1.key }.map { worker, it in
                let hello = state.workers[worker]?.hello
                return WorkerStatus(
                    name: workerName(worker), isReady: it.stage == .ready, host: hello?.host,
                    processID: hello?.processID, callCount: it.inFlight.count, runtime: hello?.runtime?.name,
                    about: hello?.about ?? "")
            }
        }
    }

    func workerName(_ worker: Int) -> String { "\(name)-\(worker)" }

    func cancel(_ number: UInt64) {
        change { state, effects in
            guard let pending = state.calls[number] else { return }
            let actions = state.machine.cancel(number, gracePeriod: pending.call.gracePeriod, now: now)
            perform(actions, &state, &effects)
            effects.wakes = true  // to see when it is overdue
        }
    }

    // MARK: - Carrying out decisions

    /// The actions to carry out after the lock has been released.
    struct Effects {
        /// The news for tasks, in order: the time since they started, and their outcome.
        var news: [(call: PendingCall, started: Duration?, end: Result<PortableResult, any Error>?)] = []
        /// The links of workers that had nothing to do, which are written to at once.
        var flushes: [WorkerLink] = []
        var launches: [(worker: Int, slot: Int)] = []
        var closes: [WorkerLink] = []
        var kills: [(WorkerLink, PoolMachine.KillReason)] = []
        var stacks: [WorkerLink] = []
        var wakes = false

        /// Carries out everything except launches.
        ///
        /// - Returns: whether a pipe had no room for everything that was to be written.
        func carryOut() -> Bool {
            for (pending, started, end) in news {
                if let started { pending.call.task.reportStarted(ago: started) }
                if let end { pending.end(end) }
            }
            var isBlocked = false
            for link in flushes where link.flush() { isBlocked = true }
            for link in closes { link.closeInput() }
            for link in stacks { link.kill(SIGUSR1) }
            for (link, reason) in kills {
                if reason == .closingTimeout { link.terminate() } else { link.kill(SIGKILL) }
            }
            return isBlocked
        }
    }

    /// Changes the state, and carries out what follows on the calling thread, except for launches, which the loop does.
    @discardableResult
    func change<Result: Sendable>(_ body: (inout State, inout Effects) -> Result) -> Result {
        var effects = Effects()
        let (result, wakes) = state.withLock { state in
            let result = body(&state, &effects)
            guard state.isAsleep, effects.wakes || !state.dirty.isEmpty else { return (result, false) }
            state.isAsleep = false
            return (result, true)
        }
        // The thread writes the rest when there is room.
        let isBlocked = effects.carryOut()
        if wakes || (isBlocked && isWokenNow()) { waker.wake() }
        return result
    }

    private func isWokenNow() -> Bool {
        state.withLock { state in
            defer { state.isAsleep = false }
            return state.isAsleep
        }
    }

    func perform(
        _ actions: [PoolMachine.Action], _ state: inout State, _ effects: inout Effects,
        delivering result: Result<PortableResult, any Error>? = nil, elapsed: Duration? = nil
    ) {
        for action in actions {
            switch action {
            case .launch(let worker, let slot): effects.launches.append((worker, slot))
            case .send(let call, let worker): send(call, to: worker, &state, &effects)
            case .cancel(let call, let worker):
                guard let link = state.workers[worker]?.link else { break }
                var writer = ByteWriter()
                writer.write(call)
                link.append { WireProtocol.append(WireProtocol.ToWorker.cancel.rawValue, writer.bytes, to: &$0) }
                effects.flushes.append(link)
            case .ping(let worker):
                guard let link = state.workers[worker]?.link else { break }
                link.append { WireProtocol.append(WireProtocol.ToWorker.ping.rawValue, [], to: &$0) }
                state.dirty.append(link)
            case .showStack(let worker):
                if let link = state.workers[worker]?.link { effects.stacks.append(link) }
            case .presumeStarted(let call, let worker):
                let silence = now - (state.machine.workers[worker]?.lastHeard ?? now)
                started(call, by: worker, elapsed: silence, &state, &effects)
            case .closeInput(let worker):
                if let link = state.workers[worker]?.link { effects.closes.append(link) }
            case .kill(let worker, let reason):
                guard let record = state.workers[worker] else { break }
                record.trouble = record.trouble ?? describe(reason)
                effects.kills.append((record.link, reason))
            case .deliver(let call): end(call, result!, started: elapsed, &state, &effects)
            case .end(let call, let reason):
                guard let pending = state.calls[call] else { break }
                var started: Duration?
                if case .lost = reason { started = .zero }  // as far as can be told
                end(call, .failure(error(reason, of: pending.call.task, state)), started: started, &state, &effects)
            }
        }
    }

    private func send(_ call: UInt64, to worker: Int, _ state: inout State, _ effects: inout Effects) {
        guard let pending = state.calls[call], let record = state.workers[worker] else { return }
        let link = record.link
        guard let index = place(of: pending.call, in: record) else {
            let error = mismatch(
                of: pending.call, record.places[pending.call.portableName]?.signature, link, record.hello)
            let actions = state.machine.finished(call, by: worker, elapsed: .zero, now: now)
            return perform(actions, &state, &effects, delivering: .failure(error))
        }
        let isIdle = state.machine.workers[worker]?.inFlight.count == 1
        let input = pending.call.input[...]
        link.append(
            { bytes in
                bytes.append(little: UInt32(13 + pending.head.count + input.count))
                bytes.append(WireProtocol.ToWorker.call.rawValue)
                bytes.append(little: call)
                bytes.append(little: index)
                bytes.append(contentsOf: pending.head)
            }, content: input)
        if isIdle {
            effects.flushes.append(link)
        } else if state.dirty.last !== link {
            state.dirty.append(link)
        }
    }

    /// Returns the place of a call's function in a worker, which first gets its definition if it is of another
    /// language.
    private func place(of call: PortableCall, in record: WorkerRecord) -> UInt32? {
        guard let function = call.foreign else {
            let place = record.places[call.portableName]
            return place?.signature == call.signature ? place?.index : nil
        }
        guard configuration.foreign?.language == function.language else { return nil }
        if let index = record.functionPlaces[ObjectIdentifier(function)] { return index }
        let index = UInt32(record.functions.count)
        record.functions.append(function)
        record.functionPlaces[ObjectIdentifier(function)] = index
        record.link.append { bytes in
            var content: [UInt8] = []
            content.append(little: index)
            WireProtocol.append(WireProtocol.ToWorker.define.rawValue, content + function.definition, to: &bytes)
        }
        return index
    }

    /// Notes that a worker has begun a call.
    ///
    /// - Parameter elapsed: the time since then.
    func started(_ call: UInt64, by worker: Int, elapsed: Duration, _ state: inout State, _ effects: inout Effects) {
        guard let pending = state.calls[call], state.machine.calls[call]?.worker == worker,
            let ago = startTime(of: pending, elapsed)
        else { return }
        effects.news.append((pending, ago, nil))
    }

    /// - Parameter started: the time since a worker began it, if one did.
    private func end(
        _ call: UInt64, _ result: Result<PortableResult, any Error>, started: Duration? = nil,
        _ state: inout State, _ effects: inout Effects
    ) {
        guard let pending = state.calls.removeValue(forKey: call) else { return }
        state.numbers.giveBack(call)
        effects.news.append((pending, started.flatMap { startTime(of: pending, $0) }, result))
    }

    /// - Returns: the time since the call began, at most that since the pool got it; nil if its task has already been
    ///   notified.
    private func startTime(of pending: PendingCall, _ elapsed: Duration) -> Duration? {
        if pending.hasStarted { return nil }
        pending.hasStarted = true
        return max(.zero, min(elapsed, now - pending.submitted))
    }
}
