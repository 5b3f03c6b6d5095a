import AsyncFlowBase
import Synchronization

/// The handler of SIGINT, SIGTERM and SIGHUP for all engines of the process that want it.
final class SignalCenter: Sendable {
    static let shared = SignalCenter()

    /// An engine that is to be shut down before the process ends.
    struct Handler: Sendable {
        /// The time limit for the engine's end.
        let limit: Duration
        let unfinished: @Sendable () -> UnfinishedTasks
        let shutDown: @Sendable () async -> Void
    }

    private struct State {
        var handlers: [UInt64: Handler] = [:]
        var lastHandler: UInt64 = 0
        var isWatching = false
        var received: Int32?
    }
    private let state = Lock(State())
    private static let signals = [SIGINT, SIGTERM, SIGHUP]

    /// Makes an engine shut down when a signal arrives, before the process ends by it.
    ///
    /// - Returns: the number to pass to ``remove(_:)``.
    func add(_ handler: Handler) -> UInt64 {
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

    /// Removes a handler; after the last one, the signals have their default effect again.
    ///
    /// Never returns once a signal has arrived: the process is about to end by it, and must not end otherwise before
    /// that.
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

    /// Starts watching a signal. One that the process was started with as ignored, as `nohup` does, stays ignored.
    private func watch(_ number: Int32) {
        if Self.isIgnored(signal(number, noteSignal)) { signal(number, SIG_IGN) }
    }

    private func unwatch(_ number: Int32) {
        if Self.isIgnored(signal(number, SIG_DFL)) { signal(number, SIG_IGN) }
    }

    private static func isIgnored(_ former: (@convention(c) (Int32) -> Void)?) -> Bool {
        unsafeBitCast(former, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Handles a signal. Called on the thread that reads the pipe.
    fileprivate func receive(_ number: Int32) {
        let handlers = state.withLock { state -> [Handler]? in
            guard state.received == nil else { return nil }
            state.received = number
            return Array(state.handlers.values)
        }
        guard let handlers else { ProcessEnd.end(by: number, flushingFor: .milliseconds(200)) }
        SignalNotice.begins(by: number, Self.unfinished(handlers))
        watchTime(of: handlers, number)
        Task.detached {
            await withDiscardingTaskGroup { group in
                for handler in handlers { group.addTask { await handler.shutDown() } }
            }
            ProcessEnd.end(by: number)
        }
    }

    /// Prints what is being waited for when the end takes long, and ends the process anyway when it takes too long. It
    /// runs on a dedicated thread, because a task that ignores its cancellation may block all of Swift's.
    private func watchTime(of handlers: [Handler], _ number: Int32) {
        let limit = handlers.map(\.limit).max() ?? .zero
        let start = ContinuousClock.now
        let watch: @Sendable () -> Void = {
            let notice = min(SignalNotice.patience, limit)
            Self.sleep(until: start + notice)
            if notice < limit {
                SignalNotice.waits(for: Self.unfinished(handlers), atMost: limit - notice)
                Self.sleep(until: start + limit)
            }
            SignalNotice.leaves(Self.unfinished(handlers), after: limit)
            ProcessEnd.end(by: number)
        }
        // If there is no thread, a second signal ends the process.
        try? SystemThread.startDetached(watch)
    }

    private static func unfinished(_ handlers: [Handler]) -> UnfinishedTasks {
        handlers.reduce(into: UnfinishedTasks()) { $0 += $1.unfinished() }
    }

    private static func sleep(until end: ContinuousClock.Instant) {
        while case let rest = end - .now, rest > .zero {
            _ = WakeUp().wait(microseconds: Int(min(rest, .seconds(3600)) / .microseconds(1)) + 1)
        }
    }
}

/// The pipe by which a signal gets from its handler, which may do almost nothing, to a thread that may do anything.
/// Made once for the process. (A dispatch source would lose signals that arrive before it is set up.)
private struct SignalPipe {
    /// The pipe; nil if there are no descriptors or threads left. Signals then have their default effect.
    static let shared = SignalPipe()
    /// The descriptor that the handler writes to. Set before the first handler is installed.
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
