import NIOConcurrencyHelpers

/// Where requests wait for their turn.
final class RequestGate: Sendable {
    private struct State {
        var machine: LimitMachine
        var nextID = 0
        var continuations: [Int: CheckedContinuation<Bool, Never>] = [:]
        /// Wakes those that wait for time to pass.
        var timer: Task<Void, Never>?
        var wakeTime: Double?
    }
    private let state: NIOLockedValueBox<State>  // a lock that the thread sanitizer sees
    private let now: @Sendable () -> Double
    private let sleep: @Sendable (Duration) async throws -> Void

    init(
        _ limits: InferenceLimits, now: @escaping @Sendable () -> Double,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        state = NIOLockedValueBox(State(machine: LimitMachine(limits)))
        self.now = now
        self.sleep = sleep
    }

    convenience init(_ limits: InferenceLimits) {
        let start = ContinuousClock.now
        self.init(limits, now: { (ContinuousClock.now - start) / .seconds(1) }) { try await Task.sleep(for: $0) }
    }

    /// Runs a request when its turn has come.
    ///
    /// - Parameters:
    ///   - tokens: about how many it will take.
    ///   - body: returns how many it took in fact, if that is known.
    /// - Throws: `CancellationError` if the calling Swift task is cancelled meanwhile; what `body` throws.
    func pass<Result>(
        tokens: Int, _ body: () async throws -> (result: Result, tokens: Int?)
    ) async throws -> Result {
        let id = state.withLockedValue { state in
            state.nextID += 1
            return state.nextID
        }
        let isAdmitted = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLockedValue { state in
                    state.continuations[id] = continuation
                    state.machine.arrived(id, tokens: tokens)
                }
                // Cancelled before it waited: nobody else would end its wait.
                if Task.isCancelled { giveUp(id) }
                proceed()
            }
        } onCancel: {
            giveUp(id)
        }
        guard isAdmitted else { throw CancellationError() }
        do {
            let (result, tokens) = try await body()
            leave(id, tokens: tokens)
            return result
        } catch {
            leave(id, tokens: nil)
            throw error
        }
    }

    private func giveUp(_ id: Int) {
        let continuation = state.withLockedValue { state in
            state.machine.gaveUp(id) ? state.continuations.removeValue(forKey: id) : nil
        }
        continuation?.resume(returning: false)
        if continuation != nil { proceed() }
    }

    private func leave(_ id: Int, tokens: Int?) {
        state.withLockedValue { $0.machine.ended(id, tokens: tokens) }
        proceed()
    }

    private func proceed() {
        let (admitted, needless) = state.withLockedValue {
            state -> ([CheckedContinuation<Bool, Never>], Task<Void, Never>?) in
            var admitted: [CheckedContinuation<Bool, Never>] = []
            while true {
                switch state.machine.step(now: now()) {
                case .admit(let ids): admitted += ids.compactMap { state.continuations.removeValue(forKey: $0) }
                case .idle:
                    let timer = state.timer
                    (state.timer, state.wakeTime) = (nil, nil)
                    return (admitted, timer)
                case .wait(let time):
                    if state.wakeTime == time { return (admitted, nil) }
                    let timer = state.timer
                    state.wakeTime = time
                    state.timer = wake(at: time)
                    return (admitted, timer)
                }
            }
        }
        needless?.cancel()
        for continuation in admitted { continuation.resume(returning: true) }
    }

    private func wake(at time: Double) -> Task<Void, Never> {
        Task { [self] in
            do { try await sleep(.seconds(max(0, time - now()))) } catch { return }
            state.withLockedValue { state in
                if state.wakeTime == time { (state.timer, state.wakeTime) = (nil, nil) }
            }
            proceed()
        }
    }
}
