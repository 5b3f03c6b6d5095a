import AsyncFlowBase
import Synchronization

/// What a worker has to say, in order, by one writer at a time: while that writes, the others add to what it writes
/// next. So there is one system call for each message where few come, and one for many where many do.
final class WorkerOutbox: Sendable {
    private struct State {
        var queue = SendQueue()
        var isWriting = false
        /// Whether the outbox's own thread has nothing to do.
        var isIdle = false
    }
    /// How long what is sent soon waits for more.
    private static let delay: UInt32 = 50  // µs
    private let descriptor: CInt
    private let state = Monitor(State())

    init(descriptor: CInt) { self.descriptor = descriptor }

    func append(_ add: (inout [UInt8]) -> Void) { state.withLock { $0.queue.append(add) } }

    /// - Parameter content: follows what is added first, without being copied if it is large.
    func append(_ add: (inout [UInt8]) -> Void, content: [UInt8]) {
        state.withLock { state in
            state.queue.append(add)
            state.queue.append(content[...])
        }
    }

    /// Has what there is sent by the outbox's own thread, with what comes within some microseconds, so that the caller
    /// can go on.
    func sendSoon() {
        let wakes = state.withLock { state in
            defer { state.isIdle = false }
            return state.isIdle && !state.queue.isEmpty
        }
        if wakes { state.signal { _ in } }
    }

    /// Sends what there is, unless somebody does so already.
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

    /// - Note: a pool that doesn't read any more is noticed by the thread that reads.
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

private func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
