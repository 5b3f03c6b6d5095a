import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Watches SIGINT, SIGTERM and SIGHUP for all engines of the process that want it.
final class SignalCenter: Sendable {
    static let shared = SignalCenter()

    private struct State {
        var handlers: [UInt64: @Sendable () async -> Void] = [:]
        var lastHandler: UInt64 = 0
        var isWatching = false
        var received: Int32?
    }
    private let state = Mutex(State())
    private static let signals = [SIGINT, SIGTERM, SIGHUP]

    /// Has `handler` called when a signal arrives, before the process ends by it.
    ///
    /// - Returns: what to give to ``remove(_:)``.
    func add(_ handler: @escaping @Sendable () async -> Void) -> UInt64 {
        state.withLock { state in
            state.lastHandler += 1
            state.handlers[state.lastHandler] = handler
            if !state.isWatching, SignalPipe.shared != nil {
                for number in Self.signals { watch(number) }
                state.isWatching = true
            }
            return state.lastHandler
        }
    }

    /// Takes a handler away; with the last one, the signals do again what they did by default.
    ///
    /// Never returns once a signal has arrived: the process is about to end by it, and must not end otherwise before.
    func remove(_ handler: UInt64) async {
        let isEnding = state.withLock { state in
            state.handlers[handler] = nil
            guard state.received == nil else { return true }
            guard state.handlers.isEmpty else { return false }
            if state.isWatching {
                for number in Self.signals { unwatch(number) }
                state.isWatching = false
            }
            return false
        }
        if isEnding { await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } }
    }

    /// A signal that whoever started the process made it ignore, as `nohup` does, stays ignored.
    private func watch(_ number: Int32) {
        if Self.isIgnored(signal(number, noteSignal)) { signal(number, SIG_IGN) }
    }

    private func unwatch(_ number: Int32) {
        if Self.isIgnored(signal(number, SIG_DFL)) { signal(number, SIG_IGN) }
    }

    private static func isIgnored(_ former: (@convention(c) (Int32) -> Void)?) -> Bool {
        unsafeBitCast(former, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Called on the thread that reads the pipe.
    fileprivate func receive(_ number: Int32) {
        let handlers = state.withLock { state -> [@Sendable () async -> Void]? in
            guard state.received == nil else { return nil }
            state.received = number
            return Array(state.handlers.values)
        }
        guard let handlers else { Self.endProcess(by: number) }
        Task.detached {
            await withDiscardingTaskGroup { group in
                for handler in handlers { group.addTask { await handler() } }
            }
            Self.endProcess(by: number)
        }
    }

    /// Ends the process as the signal would have, so that a shell sees it.
    private static func endProcess(by number: Int32) -> Never {
        Console.leave()
        signal(number, SIG_DFL)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, number)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        kill(getpid(), number)
        pause()
        exit(128 + number)
    }
}

/// How a signal gets from its handler, which may do next to nothing, to a thread that may do anything: through a pipe.
/// Made once for the process. (A dispatch source would lose signals that come before it is set up.)
private struct SignalPipe {
    /// nil if there are no descriptors or threads to be had; signals then do what they do by default.
    static let shared = SignalPipe()
    /// Where the handler writes. Set before the first handler is.
    static let writeEnd = Atomic<Int32>(-1)

    private init?() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        let readEnd = ends[0]
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        Self.writeEnd.store(ends[1], ordering: .sequentiallyConsistent)
        do {
            try SystemThread.startDetached {
                while true {
                    var number: UInt8 = 0
                    if read(readEnd, &number, 1) == 1 { SignalCenter.shared.receive(Int32(number)) }
                }
            }
        } catch {
            for end in ends { close(end) }
            return nil
        }
    }
}

/// The signal handler.
private let noteSignal: @convention(c) (Int32) -> Void = { signal in
    let error = errno
    var number = UInt8(truncatingIfNeeded: signal)
    _ = write(SignalPipe.writeEnd.load(ordering: .relaxed), &number, 1)
    errno = error
}
