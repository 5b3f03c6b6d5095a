import AsyncFlowBase
import Synchronization

/// The messages of a worker, in order, sent by one writer at a time: while one writes, others add to what it writes
/// next. So there is one system call for each message when there are few, and one for many when there are many.
final class WorkerOutbox: Sendable {
    private struct State {
        var queue = SendQueue()
        var isWriting = false
        /// Whether the outbox's own thread has nothing to do.
        var isIdle = false
    }
    /// The time that messages to be sent soon wait for more.
    private static let delay: UInt32 = 50  // µs
    private let descriptor: CInt
    private let state = Monitor(State())

    init(descriptor: CInt) { self.descriptor = descriptor }

    func append(_ add: (inout [UInt8]) -> Void) { state.withLock { $0.queue.append(add) } }

    /// - Parameter content: bytes that follow those that are added; they aren't copied if they are large.
    func append(_ add: (inout [UInt8]) -> Void, content: [UInt8]) {
        state.withLock { state in
            state.queue.append(add)
            state.queue.append(content[...])
        }
    }

    /// Makes the outbox's own thread send the messages, with those that are added within some microseconds, so that the
    /// caller can continue.
    func sendSoon() {
        let wakes = state.withLock { state in
            defer { state.isIdle = false }
            return state.isIdle && !state.queue.isEmpty
        }
        if wakes { state.signal { _ in } }
    }

    /// Sends the messages, unless another caller already does.
    func flush() {
        while let bytes = takeBytes() { write(bytes) }
    }

    func sendForever() {
        while true {
            state.wait { state -> Void? in
                state.isIdle = state.queue.isEmpty
                return state.isIdle ? nil : ()
            }
            usleep(Self.delay)
            flush()
        }
    }

    private func takeBytes() -> ArraySlice<UInt8>? {
        state.withLock { state in
            guard !state.isWriting, let bytes = state.queue.takeNext() else { return nil }
            state.isWriting = true
            return bytes
        }
    }

    /// - Note: the thread that reads notices if the pool no longer reads.
    private func write(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { content in
            var rest = content[...]
            while !rest.isEmpty {
                let part = UnsafeRawBufferPointer(rebasing: rest)
                let count = systemWrite(descriptor, part)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                rest = rest.dropFirst(count)
            }
        }
        state.withLock { $0.isWriting = false }
    }
}
