import Dispatch
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
        var sources: [any DispatchSourceSignal] = []
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
            if state.sources.isEmpty { state.sources = Self.signals.map(watch) }
            return state.lastHandler
        }
    }

    /// Takes a handler away; with the last one, the signals do again what they did by default.
    func remove(_ handler: UInt64) {
        state.withLock { state in
            state.handlers[handler] = nil
            guard state.handlers.isEmpty, state.received == nil else { return }
            for source in state.sources { source.cancel() }
            state.sources = []
            for number in Self.signals { signal(number, SIG_DFL) }
        }
    }

    private func watch(_ number: Int32) -> any DispatchSourceSignal {
        signal(number, SIG_IGN)  // the default action would end the process before the source sees the signal
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { self.receive(number) }
        source.resume()
        return source
    }

    private func receive(_ number: Int32) {
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
