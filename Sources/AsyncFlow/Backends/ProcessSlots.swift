import Synchronization

/// Lets so many commands run at once; the others wait in the order in which they came.
final class ProcessSlots: Sendable {
    private struct State {
        var free: Int
        /// Who waits, by ticket; tickets count up. Who was cancelled is missing.
        var waiting: [UInt64: CheckedContinuation<Void, any Error>] = [:]
        var lastTicket: UInt64 = 0
        var nextServed: UInt64 = 1
        /// Cancelled between drawing the ticket and beginning to wait.
        var cancelledEarly: Set<UInt64> = []
    }
    private let state: Mutex<State>

    init(count: Int) { state = Mutex(State(free: count)) }

    /// Returns when a slot is free and taken.
    ///
    /// - Throws: `CancellationError` if the calling Swift task is cancelled while it waits; no slot is taken then.
    func take() async throws {
        try Task.checkCancellation()
        let ticket: UInt64? = state.withLock { state in
            if state.free > 0 {
                state.free -= 1
                return nil
            }
            state.lastTicket += 1
            return state.lastTicket
        }
        guard let ticket else { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wait($0, ticket) }
        } onCancel: {
            cancel(ticket)
        }
    }

    private func wait(_ continuation: CheckedContinuation<Void, any Error>, _ ticket: UInt64) {
        let outcome: Result<Void, any Error>? = state.withLock { state in
            if state.cancelledEarly.remove(ticket) != nil { return .failure(CancellationError()) }
            if state.free > 0 {  // given back between drawing the ticket and now
                state.free -= 1
                return .success(())
            }
            state.waiting[ticket] = continuation
            return nil
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    private func cancel(_ ticket: UInt64) {
        let continuation = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            if let continuation = state.waiting.removeValue(forKey: ticket) { return continuation }
            if ticket >= state.nextServed { state.cancelledEarly.insert(ticket) }
            return nil
        }
        continuation?.resume(throwing: CancellationError())
    }

    func giveBack() {
        let next: CheckedContinuation<Void, any Error>? = state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil
            }
            while true {  // ends: somebody waits, with a ticket from `nextServed` on
                defer { state.nextServed += 1 }
                if let continuation = state.waiting.removeValue(forKey: state.nextServed) { return continuation }
            }
        }
        next?.resume()
    }
}
