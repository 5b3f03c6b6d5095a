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
    struct PendingCall {
        let call: PortableCall
        let content: [UInt8]
        let continuation: CheckedContinuation<PortableResult, any Error>
    }

    struct State {
        var machine: PoolMachine
        var calls: [UInt64: PendingCall] = [:]
        var links: [Int: WorkerLink] = [:]
        var hellos: [Int: Hello] = [:]
        var places: [Int: [String: (index: UInt32, signature: String)]] = [:]
        var kinds: [String: Int] = [:]
        /// Why a worker was killed, or can't be used.
        var troubles: [Int: String] = [:]
        var lastEnds: [Int: WorkerEnd] = [:]
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
    private let lastCall = Atomic<UInt64>(0)
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
        let number = lastCall.add(1, ordering: .relaxed).newValue
        let content = CallContent(call).bytes
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                submit(number, PendingCall(call: call, content: content, continuation: continuation))
                // A cancellation before this came when nobody knew the call yet.
                if Task.isCancelled { cancel(number) }
            }
        } onCancel: {
            cancel(number)
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
                let hello = state.hellos[worker]
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

    private func submit(_ number: UInt64, _ call: PendingCall) {
        change { state, effects in
            state.calls[number] = call
            let portable = call.call.portableName
            let kind = state.kinds[portable] ?? state.kinds.count
            if kind == state.kinds.count { state.kinds[portable] = kind }
            perform(state.machine.submit(number, kind: kind, now: now), &state, &effects)
        }
    }

    private func cancel(_ number: UInt64) {
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
        var resumes: [(CheckedContinuation<PortableResult, any Error>, Result<PortableResult, any Error>)] = []
        /// Those that had nothing to do: they are written to at once.
        var flushes: [WorkerLink] = []
        var launches: [(worker: Int, slot: Int)] = []
        var closes: [WorkerLink] = []
        var kills: [(WorkerLink, PoolMachine.KillReason)] = []
        var wakes = false

        func carryOut() {
            for (continuation, result) in resumes { continuation.resume(with: result) }
            for link in flushes { link.flush() }
            for link in closes { link.closeInput() }
            for (link, reason) in kills {
                if reason == .closingTimeout { link.terminate() } else { link.kill(SIGKILL) }
            }
        }
    }

    /// Changes the state, and does what follows on the calling thread, except for launches, which are the loop's.
    func change(_ body: (inout State, inout Effects) -> Void) {
        var effects = Effects()
        let wakes = state.withLock { state in
            body(&state, &effects)
            guard state.isAsleep, effects.wakes || !state.dirty.isEmpty else { return false }
            state.isAsleep = false
            return true
        }
        effects.carryOut()
        if wakes { waker.wake() }
    }

    func perform(
        _ actions: [PoolMachine.Action], _ state: inout State, _ effects: inout Effects,
        _ results: [UInt64: Result<PortableResult, any Error>] = [:]
    ) {
        for action in actions {
            switch action {
            case .launch(let worker, let slot): effects.launches.append((worker, slot))
            case .send(let call, let worker): send(call, to: worker, &state, &effects)
            case .cancel(let call, let worker):
                guard let link = state.links[worker] else { break }
                var writer = ByteWriter()
                writer.write(call)
                link.append { WireProtocol.append(WireProtocol.ToWorker.cancel.rawValue, writer.bytes, to: &$0) }
                effects.flushes.append(link)
            case .ping(let worker):
                guard let link = state.links[worker] else { break }
                link.append { WireProtocol.append(WireProtocol.ToWorker.ping.rawValue, [], to: &$0) }
                state.dirty.append(link)
            case .closeInput(let worker):
                if let link = state.links[worker] { effects.closes.append(link) }
            case .kill(let worker, let reason):
                if state.troubles[worker] == nil { state.troubles[worker] = describe(reason) }
                if let link = state.links[worker] { effects.kills.append((link, reason)) }
            case .deliver(let call):
                end(call, results[call] ?? .failure(CancellationError()), &state, &effects)
            case .end(let call, let reason): end(call, .failure(error(reason, state)), &state, &effects)
            }
        }
    }

    private func send(_ call: UInt64, to worker: Int, _ state: inout State, _ effects: inout Effects) {
        guard let pending = state.calls[call], let link = state.links[worker] else { return }
        let place = state.places[worker]?[pending.call.portableName]
        guard let place, place.signature == pending.call.signature else {
            let error = mismatch(of: pending.call, place?.signature, link, state.hellos[worker])
            let actions = state.machine.finished(call, by: worker, elapsed: .zero, now: now)
            return perform(actions, &state, &effects, [call: .failure(error)])
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
        effects.resumes.append((pending.continuation, result))
    }
}
