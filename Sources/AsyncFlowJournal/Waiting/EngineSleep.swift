import AsyncFlow
import AsyncFlowBase

extension EngineSeat {
    /// Returns when a time of the engine's clock has come.
    ///
    /// - Throws: `CancellationError` if the calling Swift task is cancelled first.
    nonisolated(nonsending) func sleep(until time: Duration) async throws {
        let sleep = Sleep()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                sleep.begin(continuation) { wake in self.schedule(at: time, wake) }
            }
        } onCancel: {
            sleep.end(.failure(CancellationError()))
        }
    }
}

/// One sleep, which ends once: by its timer, or because it is cancelled.
private final class Sleep: Sendable {
    private enum State {
        case early
        case asleep(CheckedContinuation<Void, any Error>)
        case over(Result<Void, any Error>)
    }
    private let state = Lock(State.early)
    private let timer = Lock<(@Sendable () -> Void)?>(nil)

    func begin(
        _ continuation: CheckedContinuation<Void, any Error>,
        _ schedule: (@escaping @Sendable () -> Void) -> @Sendable () -> Void
    ) {
        let isOver = state.withLock { state -> Result<Void, any Error>? in
            if case .over(let result) = state { return result }
            state = .asleep(continuation)
            return nil
        }
        if let isOver { return continuation.resume(with: isOver) }
        let cancel = schedule { self.end(.success(())) }
        let isTooLate = state.withLock { state in
            if case .over = state { return true }
            timer.withLock { $0 = cancel }
            return false
        }
        if isTooLate { cancel() }
    }

    func end(_ result: Result<Void, any Error>) {
        let sleeper = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            defer { if case .over = state {} else { state = .over(result) } }
            if case .asleep(let continuation) = state { return continuation }
            return nil
        }
        timer.withLock { $0.take() }?()
        sleeper?.resume(with: result)
    }
}
