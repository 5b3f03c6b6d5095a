import Synchronization

/// Lets so many callers go on at once; the others wait in the order in which they came.
final class Slots: Sendable {
    private let queue: Mutex<SlotQueue<CheckedContinuation<Void, any Error>>>

    init(count: Int) { queue = Mutex(SlotQueue(count: count)) }

    /// Returns when a slot is free and taken.
    ///
    /// - Throws: `CancellationError` if the calling Swift task is cancelled while it waits; no slot is taken then.
    func take() async throws {
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

    func giveBack() { queue.withLock { $0.giveBack() }?.resume() }
}
