import AsyncFlow
import AsyncFlowBase

/// The end of a worker's process.
struct WorkerEnd: Sendable {
    var reason: String
    var signal: Int32?
    var exitCode: Int32?
    var standardErrorTail = ""
    /// The first lines that it wrote when it crashed.
    var crashMessage = ""
}

/// The pool's end of the connection to one worker: the messages to it, sent by one writer at a time.
///
/// A caller that finds the connection idle writes at once; while one writes, others add to what it writes next.
final class WorkerLink: Sendable {
    private struct Outbox {
        var queue = SendQueue()
        var isWriting = false
        /// Whether the pipe had no room for the rest.
        var isFull = false
        /// Nothing more is written; the descriptor is closed, or will be by the current writer.
        var isClosed = false
    }
    struct Process {
        var command: RunningCommand?
        var task: Task<Void, Never>?
    }

    let worker: Int
    let slot: Int
    let name: String
    let reading: CInt
    private let writing: CInt
    private let outbox = Lock(Outbox())
    let process = Lock(Process())

    init(worker: Int, slot: Int, name: String, channel: ProcessChannel) {
        self.worker = worker
        self.slot = slot
        self.name = name
        reading = channel.reading
        writing = channel.writing
    }

    /// Enlarges the pipes, so that large messages need fewer system calls.
    ///
    /// - Note: the total size of a user's pipes is limited (64 MiB on Linux). If the limit is reached, nothing happens.
    func widenPipes() {
        #if os(Linux)
        let setPipeSize: CInt = 1031  // F_SETPIPE_SZ, which the C library hides behind _GNU_SOURCE
        for descriptor in [reading, writing] { _ = fcntl(descriptor, setPipeSize, CInt(256 << 10)) }
        #endif
    }

    func append(_ add: (inout [UInt8]) -> Void) { outbox.withLock { $0.queue.append(add) } }

    /// - Parameter content: bytes that follow those that are added; they aren't copied if they are large.
    func append(_ add: (inout [UInt8]) -> Void, content: ArraySlice<UInt8>) {
        outbox.withLock { outbox in
            outbox.queue.append(add)
            outbox.queue.append(content)
        }
    }

    /// Whether the pipe was full, so that something has to wait until there is room.
    var isBlocked: Bool { outbox.withLock { $0.isFull && !$0.isWriting && !$0.isClosed } }
    /// The descriptor to watch for room in the pipe.
    var writingDescriptor: CInt { writing }

    /// Writes what is queued, as far as the pipe has room, unless another caller already does.
    ///
    /// - Returns: whether there is more than the pipe has room for; ``isBlocked`` is then true until it is flushed
    ///   again.
    @discardableResult
    func flush() -> Bool {
        while true {
            let next = outbox.withLock { outbox -> ArraySlice<UInt8>? in
                guard !outbox.isWriting, !outbox.isClosed, let next = outbox.queue.takeNext() else { return nil }
                outbox.isWriting = true
                outbox.isFull = false
                return next
            }
            guard let next else { return false }
            let rest = write(next)
            let closes = outbox.withLock { outbox in
                outbox.isWriting = false
                outbox.isFull = !rest.isEmpty
                if !rest.isEmpty { outbox.queue.putBack(rest) }
                return outbox.isClosed
            }
            if closes {
                close(writing)
                return false
            }
            if !rest.isEmpty { return true }
        }
    }

    /// Closes the worker's input as soon as nothing is being written.
    func closeInput() {
        let closes = outbox.withLock { outbox in
            guard !outbox.isClosed else { return false }
            outbox.isClosed = true
            return !outbox.isWriting
        }
        if closes { close(writing) }
    }

    /// - Returns: the bytes for which there was no room. None if nothing reads anymore: the end of the process gives
    ///   the reason.
    private func write(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = bytes
        while !rest.isEmpty {
            let (count, code) = rest.withUnsafeBytes { BrokenPipeSignal.write(writing, $0) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if code == EAGAIN {
                return rest
            } else if code != EINTR {
                return []
            }
        }
        return rest
    }

    /// Sends a signal to the worker and everything that it has started; if it hasn't been started, prevents that.
    func kill(_ signal: Int32) {
        let process = process.withLock { $0 }
        guard let command = process.command else { return process.task?.cancel() ?? () }
        command.send(signal)
    }

    /// Asks the process to end, and forces it to after a while.
    func terminate() { process.withLock { $0.task }?.cancel() }
}

/// Writing to pipes that may have no reader, on threads that belong to other code.
enum BrokenPipeSignal {
    static func write(_ descriptor: CInt, _ bytes: UnsafeRawBufferPointer) -> (count: Int, code: CInt) {
        var blocked = sigset_t()
        var before = sigset_t()
        sigemptyset(&blocked)
        sigaddset(&blocked, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &blocked, &before)
        let count = systemWrite(descriptor, bytes)
        let code = errno
        if count < 0, code == EPIPE { discardPending(&blocked) }
        pthread_sigmask(SIG_SETMASK, &before, nil)
        return (count, code)
    }

    private static func discardPending(_ signals: inout sigset_t) {
        #if os(Linux)
        var none = timespec()
        sigtimedwait(&signals, nil, &none)
        #else
        var pending = sigset_t()
        var number: CInt = 0
        sigpending(&pending)
        if sigismember(&pending, SIGPIPE) == 1 { sigwait(&signals, &number) }
        #endif
    }
}
