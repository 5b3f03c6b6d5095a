internal import AsyncFlowBase
import AsyncFlow
import Logging
import Synchronization

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A pool: the machine under a lock, the calls, the connections. One thread reads from all workers and does what is due;
/// those who call write to an idle worker themselves, because waking that thread first would take twice the time.
final class PoolCore: Sendable {
    /// A call that hasn't ended.
    final class PendingCall: Sendable {
        let call: PortableCall
        let content: [UInt8]
        let end: CallEnding

        init(_ call: PortableCall, _ end: @escaping CallEnding) {
            self.call = call
            self.end = end
            content = CallContent(call).bytes
        }
    }
    typealias CallEnding = @Sendable (Result<PortableResult, any Error>) -> Void

    /// What is known of a worker that there is.
    final class WorkerRecord: @unchecked Sendable {  // what changes is only touched under the pool's lock
        let link: WorkerLink
        var hello: Hello?
        /// Where it has its tasks, by their names.
        var places: [String: (index: UInt32, signature: String)] = [:]
        /// Why it was killed, or can't be used.
        var trouble: String?
        /// How its process ended.
        var end: WorkerEnd?

        init(_ link: WorkerLink) { self.link = link }
    }

    struct State {
        var machine: PoolMachine
        var numbers = CallNumbers()
        var calls = CallTable<PendingCall>()
        var workers: [Int: WorkerRecord] = [:]
        var kinds: [String: Int] = [:]
        /// Those that have something to write.
        var dirty: [WorkerLink] = []
        var ended: [(worker: Int, end: WorkerEnd)] = []
        /// Whether the thread sleeps, and nobody has woken it.
        var isAsleep = false
        var wantsClose = false
        var isRunning = false
        var failure: String?
        var starting: [CheckedContinuation<Void, any Error>] = []
        var whenOver: [CheckedContinuation<Void, Never>] = []
    }

    let name: String
    let launcher: WorkerLauncher
    let configuration: WorkerPoolBackend.Configuration
    let state: Mutex<State>
    let waker = Waker()
    private let origin = ContinuousClock.now

    init(name: String, workers: Int, launcher: WorkerLauncher, configuration: WorkerPoolBackend.Configuration) {
        self.name = name
        self.launcher = launcher
        self.configuration = configuration
        var settings = PoolMachine.Settings()
        settings.workers = workers
        settings.concurrency = max(1, configuration.concurrency)
        settings.inFlightLimit = max(settings.concurrency, configuration.inFlightLimit)
        settings.startTimeout = configuration.startTimeout
        settings.heartbeatTimeout = configuration.heartbeatTimeout
        settings.startFailureLimit = max(1, configuration.startFailureLimit)
        settings.taskLimit = max(1, configuration.tasksPerWorker ?? .max)
        settings.memoryLimit = configuration.memoryPerWorker.map { UInt64(clamping: $0.bytes) } ?? .max
        settings.firstBackoff = configuration.firstBackoff
        settings.longestBackoff = configuration.longestBackoff
        state = Mutex(State(machine: PoolMachine(settings)))
    }

    var now: Duration { ContinuousClock.now - origin }

    // MARK: - What the engine asks for

    func start() async throws {
        let isFirst = state.withLock { state in
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if isFirst {
            do {
                try waker.open()
                try SystemThread.startDetached { [self] in PoolLoop(self).run() }
            } catch {
                throw WorkerPoolError(
                    code: .backendUnavailable, poolName: name,
                    message: "the pool '\(name)' couldn't start its own thread: error \(error.code)")
            }
        }
        do { try await waitUntilReady() } catch {
            await shutdown()  // whoever couldn't start isn't asked to shut down
            throw error
        }
    }

    func waitUntilReady() async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome = state.withLock { state -> Result<Void, any Error>? in
                    if state.machine.readyCount > 0 { return .success(()) }
                    if state.machine.hasFailed { return .failure(poolFailure(state)) }
                    if state.machine.isClosing || state.wantsClose { return .failure(CancellationError()) }
                    state.starting.append(continuation)
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            requestClose()
        }
    }

    func execute(_ call: PortableCall) async throws -> PortableResult {
        let number = state.withLock { $0.numbers.take() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                begin(call, number: number) { continuation.resume(with: $0) }
                // A cancellation before this came when nobody knew the call yet.
                if Task.isCancelled { cancel(number) }
            }
        } onCancel: {
            cancel(number)
        }
    }

    /// Takes a call, whose end is told on whatever thread it is found out.
    ///
    /// - Parameter number: its number, if it has one already.
    /// - Returns: its number.
    @discardableResult
    func begin(_ call: PortableCall, number: UInt64? = nil, _ end: @escaping CallEnding) -> UInt64 {
        let pending = PendingCall(call, end)
        return change { state, effects in
            let number = number ?? state.numbers.take()
            state.calls[number] = pending
            let kind = state.kinds[call.portableName] ?? state.kinds.count
            if kind == state.kinds.count { state.kinds[call.portableName] = kind }
            perform(state.machine.submit(number, kind: kind, now: now), &state, &effects)
            return number
        }
    }

    func shutdown() async {
        guard state.withLock({ $0.isRunning }) else { return }
        requestClose()
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
                    processID: hello?.processID, callCount: it.inFlight.count)
            }
        }
    }

    func workerName(_ worker: Int) -> String { "\(name)-\(worker)" }

    private func requestClose() {
        change { state, effects in
            state.wantsClose = true
            effects.wakes = true
        }
    }

    func cancel(_ number: UInt64) {
        change { state, effects in
            guard let pending = state.calls[number] else { return }
            let actions = state.machine.cancel(number, gracePeriod: pending.call.gracePeriod, now: now)
            perform(actions, &state, &effects)
            effects.wakes = true  // to see when it is overdue
        }
    }

    // MARK: - Carrying out decisions

    /// What is to be done when the lock is released.
    struct Effects {
        var ends: [(end: CallEnding, result: Result<PortableResult, any Error>)] = []
        /// Those that had nothing to do: they are written to at once.
        var flushes: [WorkerLink] = []
        var launches: [(worker: Int, slot: Int)] = []
        var closes: [WorkerLink] = []
        var kills: [(WorkerLink, PoolMachine.KillReason)] = []
        var wakes = false

        func carryOut() {
            for (end, result) in ends { end(result) }
            for link in flushes { link.flush() }
            for link in closes { link.closeInput() }
            for (link, reason) in kills {
                if reason == .closingTimeout { link.terminate() } else { link.kill(SIGKILL) }
            }
        }
    }

    /// Changes the state, and does what follows on the calling thread, except for launches, which are the loop's.
    @discardableResult
    func change<Result: Sendable>(_ body: (inout State, inout Effects) -> Result) -> Result {
        var effects = Effects()
        let (result, wakes) = state.withLock { state in
            let result = body(&state, &effects)
            guard state.isAsleep, effects.wakes || !state.dirty.isEmpty else { return (result, false) }
            state.isAsleep = false
            return (result, true)
        }
        effects.carryOut()
        if wakes { waker.wake() }
        return result
    }

    func perform(
        _ actions: [PoolMachine.Action], _ state: inout State, _ effects: inout Effects,
        delivering result: Result<PortableResult, any Error>? = nil
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
            case .closeInput(let worker):
                if let link = state.workers[worker]?.link { effects.closes.append(link) }
            case .kill(let worker, let reason):
                guard let record = state.workers[worker] else { break }
                record.trouble = record.trouble ?? describe(reason)
                effects.kills.append((record.link, reason))
            case .deliver(let call):
                end(call, result!, &state, &effects)
            case .end(let call, let reason): end(call, .failure(error(reason, state)), &state, &effects)
            }
        }
    }

    private func send(_ call: UInt64, to worker: Int, _ state: inout State, _ effects: inout Effects) {
        guard let pending = state.calls[call], let record = state.workers[worker] else { return }
        let link = record.link
        let place = record.places[pending.call.portableName]
        guard let place, place.signature == pending.call.signature else {
            let error = mismatch(of: pending.call, place?.signature, link, record.hello)
            let actions = state.machine.finished(call, by: worker, elapsed: .zero, now: now)
            return perform(actions, &state, &effects, delivering: .failure(error))
        }
        let isIdle = state.machine.workers[worker]?.inFlight.count == 1
        link.append { bytes in
            let length = UInt32(clamping: 13 + pending.content.count)
            withUnsafeBytes(of: length.littleEndian) { bytes.append(contentsOf: $0) }
            bytes.append(WireProtocol.ToWorker.call.rawValue)
            withUnsafeBytes(of: call.littleEndian) { bytes.append(contentsOf: $0) }
            withUnsafeBytes(of: place.index.littleEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: pending.content)
        }
        if isIdle {
            effects.flushes.append(link)
        } else if state.dirty.last !== link {
            state.dirty.append(link)
        }
    }

    private func end(
        _ call: UInt64, _ result: Result<PortableResult, any Error>, _ state: inout State, _ effects: inout Effects
    ) {
        guard let pending = state.calls.removeValue(forKey: call) else { return }
        state.numbers.giveBack(call)
        effects.ends.append((pending.end, result))
    }
}
