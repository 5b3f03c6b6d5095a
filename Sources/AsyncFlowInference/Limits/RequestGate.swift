import NIOConcurrencyHelpers

/// The gate at which requests wait until the limits allow them.
final class RequestGate: Sendable {
    private enum Verdict { case admitted, refused, cancelled }
    private struct State {
        var machine: LimitMachine
        var nextID = 0
        var continuations: [Int: CheckedContinuation<Verdict, Never>] = [:]
        /// The task that wakes requests which wait for time to pass.
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

    /// Runs a request as soon as the limits allow it.
    ///
    /// - Parameters:
    ///   - guess: the estimated tokens.
    ///   - priority: the higher, the earlier.
    ///   - body: sends the request; returns the tokens that it took, or nil if it wasn't answered.
    /// - Throws: `CancellationError` if the calling Swift task is cancelled while it waits; ``InferenceError`` if the
    ///   budget doesn't allow the request; the errors of `body`.
    func pass<Result>(
        _ guess: TokenGuess, priority: Int = 0, _ body: () async throws -> (result: Result, tokens: TokenCount?)
    ) async throws -> Result {
        let id = state.withLockedValue { state in
            state.nextID += 1
            return state.nextID
        }
        let verdict = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLockedValue { state in
                    state.continuations[id] = continuation
                    state.machine.arrived(id, guess, priority: priority)
                }
                // If the task was cancelled before it waited, nothing else would end its wait.
                if Task.isCancelled { giveUp(id) }
                proceed()
            }
        } onCancel: {
            giveUp(id)
        }
        switch verdict {
        case .admitted: break
        case .cancelled: throw CancellationError()
        case .refused:
            let (used, most, more) = state.withLockedValue {
                ($0.machine.usedTokens, $0.machine.limits.totalTokens ?? 0, $0.machine.expected(guess))
            }
            throw InferenceError(
                .budgetExhausted,
                "its budget of \(most) tokens, of which \(used) are used up, doesn't allow about \(more) more; "
                    + "raise totalTokens:, lower maxTokens or ask for less")
        }
        do {
            let (result, tokens) = try await body()
            leave(id, tokens)
            return result
        } catch {
            leave(id, nil)
            throw error
        }
    }

    private func giveUp(_ id: Int) {
        let continuation = state.withLockedValue { state in
            state.machine.gaveUp(id) ? state.continuations.removeValue(forKey: id) : nil
        }
        continuation?.resume(returning: .cancelled)
        if continuation != nil { proceed() }
    }

    private func leave(_ id: Int, _ tokens: TokenCount?) {
        state.withLockedValue { $0.machine.ended(id, tokens) }
        proceed()
    }

    private func proceed() {
        let (decided, needless) = state.withLockedValue {
            state -> ([(CheckedContinuation<Verdict, Never>, Verdict)], Task<Void, Never>?) in
            var decided: [(CheckedContinuation<Verdict, Never>, Verdict)] = []
            func decide(_ ids: [Int], _ verdict: Verdict) {
                decided += ids.compactMap { id in state.continuations.removeValue(forKey: id).map { ($0, verdict) } }
            }
            while true {
                switch state.machine.step(now: now()) {
                case .admit(let ids): decide(ids, .admitted)
                case .refuse(let ids): decide(ids, .refused)
                case .idle:
                    let timer = state.timer
                    (state.timer, state.wakeTime) = (nil, nil)
                    return (decided, timer)
                case .wait(let time):
                    if state.wakeTime == time { return (decided, nil) }
                    let timer = state.timer
                    state.wakeTime = time
                    state.timer = wake(at: time)
                    return (decided, timer)
                }
            }
        }
        needless?.cancel()
        for (continuation, verdict) in decided { continuation.resume(returning: verdict) }
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
