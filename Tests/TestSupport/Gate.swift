import AsyncFlowBase
import Dispatch

/// A latch that bodies wait at, so that a test decides when they go on without anybody sleeping: closed at first, and
/// open for good once it was opened.
package final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [UInt64: CheckedContinuation<Void, any Error>] = [:]
        var blocked: [DispatchSemaphore] = []
        var lastTicket: UInt64 = 0
        var cancelled: Set<UInt64> = []
    }
    private let state = Lock(State())

    package init() {}

    package var isOpen: Bool { state.withLock { $0.isOpen } }

    package func open() {
        let (waiting, blocked) = state.withLock { state in
            state.isOpen = true
            defer {
                state.waiting = [:]
                state.blocked = []
            }
            return (Array(state.waiting.values), state.blocked)
        }
        for continuation in waiting { continuation.resume() }
        for semaphore in blocked { semaphore.signal() }
    }

    /// Returns when the gate is open; throws `CancellationError` if the calling Swift task is cancelled first.
    package func wait() async throws {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { enter($0, ticket) }
        } onCancel: {
            let continuation = state.withLock { state in
                state.cancelled.insert(ticket)
                return state.waiting.removeValue(forKey: ticket)
            }
            continuation?.resume(throwing: CancellationError())
        }
    }

    private func enter(_ continuation: CheckedContinuation<Void, any Error>, _ ticket: UInt64) {
        let outcome: Result<Void, any Error>? = state.withLock { state in
            if state.isOpen { return .success(()) }
            if state.cancelled.contains(ticket) { return .failure(CancellationError()) }
            state.waiting[ticket] = continuation
            return nil
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    /// Returns when the gate is open, even if the calling Swift task is cancelled.
    package func waitStubbornly() async {
        await Task.detached { try? await self.wait() }.value
    }

    /// Blocks the thread until the gate is open: for synchronous bodies.
    package func block() {
        let semaphore = DispatchSemaphore(value: 0)
        let mustWait = state.withLock { state in
            if !state.isOpen { state.blocked.append(semaphore) }
            return !state.isOpen
        }
        if mustWait { semaphore.wait() }
    }
}
