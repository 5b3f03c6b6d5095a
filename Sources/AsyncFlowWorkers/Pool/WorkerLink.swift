import AsyncFlow
import AsyncFlowBase

/// How a worker's process ended.
struct WorkerEnd: Sendable {
    var reason: String
    var signal: Int32?
    var exitCode: Int32?
    var standardErrorTail = ""
    /// The first lines of what it said as it crashed.
    var crashMessage = ""
}

/// The pool's end of the connection to one worker: what it is sent, by one writer at a time.
///
/// Who finds it idle writes at once; while somebody writes, the others add to what is written next.
final class WorkerLink: Sendable {
    private struct Outbox {
        var queue = SendQueue()
        var isWriting = false
        /// Whether the pipe had no room for the rest.
        var isFull = false
        /// Nothing more is written; the descriptor is closed, or will be by the one who writes.
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

    /// Gives the pipes more room than they have at first, so that what is large crosses with fewer system calls.
    ///
    /// - Note: what a user's pipes may have in all is limited (64 MiB on Linux). Where it can't be had, nothing
    ///   happens.
    func widenPipes() {
        #if os(Linux)
        let setPipeSize: CInt = 1031  // F_SETPIPE_SZ, which the C library hides behind _GNU_SOURCE
        for descriptor in [reading, writing] { _ = fcntl(descriptor, setPipeSize, CInt(256 << 10)) }
        #endif
    }

    func append(_ add: (inout [UInt8]) -> Void) { outbox.withLock { $0.queue.append(add) } }

    /// - Parameter content: follows what is added first, without being copied if it is large.
    func append(_ add: (inout [UInt8]) -> Void, content: ArraySlice<UInt8>) {
        outbox.withLock { outbox in
            outbox.queue.append(add)
            outbox.queue.append(content)
        }
    }

    /// Whether the pipe was full, so that somebody has to wait until there is room.
    var isBlocked: Bool { outbox.withLock { $0.isFull && !$0.isWriting && !$0.isClosed } }
    /// What to watch for room in the pipe.
    var writingDescriptor: CInt { writing }

    /// Writes what there is, as far as the pipe has room, unless somebody does so already.
    ///
    /// - Returns: whether there is more than it has room for; then ``isBlocked`` is true until it is flushed again.
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

    /// Ends the worker's input when nothing is being written.
    func closeInput() {
        let closes = outbox.withLock { outbox in
            guard !outbox.isClosed else { return false }
            outbox.isClosed = true
            return !outbox.isWriting
        }
        if closes { close(writing) }
    }

    /// - Returns: what there was no room for. Nothing if nobody reads any more: the end of the process tells why.
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

    /// Sends a signal to the worker and all that it has started; before it is started, keeps it from being.
    func kill(_ signal: Int32) {
        let process = process.withLock { $0 }
        guard let command = process.command else { return process.task?.cancel() ?? () }
        command.send(signal)
    }

    /// Asks the process to end, and makes it after a while.
    func terminate() { process.withLock { $0.task }?.cancel() }
}

/// Writes into pipes that may have nobody at their other end, on threads that are somebody else's.
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

private func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
