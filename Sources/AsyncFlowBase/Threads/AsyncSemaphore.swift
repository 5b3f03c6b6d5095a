/// A counting semaphore whose callers are suspended, not blocked, and served in the order of their calls.
package final class AsyncSemaphore: Sendable {
    private let queue: Lock<SemaphoreQueue<CheckedContinuation<Void, any Error>>>

    package init(count: Int) { queue = Lock(SemaphoreQueue(count: count)) }

    /// Takes a place, and returns when it has one.
    ///
    /// - Throws: `CancellationError` if the calling Swift task is cancelled while it waits; it then takes no place.
    package func wait() async throws {
        try Task.checkCancellation()
        guard let ticket = queue.withLock({ $0.take() }) else { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                switch queue.withLock({ $0.wait(continuation, with: ticket) }) {
                case .taken: continuation.resume()
                case .cancelled: continuation.resume(throwing: CancellationError())
                case .waits: break
                }
            }
        } onCancel: {
            queue.withLock { $0.cancel(ticket) }?.resume(throwing: CancellationError())
        }
    }

    /// Gives a place back.
    package func signal() { queue.withLock { $0.giveBack() }?.resume() }
}
