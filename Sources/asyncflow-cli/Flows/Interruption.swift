import AsyncFlowBase
import Synchronization

/// What SIGINT, SIGTERM and SIGHUP do during a run: the first ends it in order, the second at once.
final class Interruption: Sendable {
    private let state = Lock<(received: CInt?, handler: (@Sendable (CInt) -> Void)?)>((nil, nil))
    /// The write end of the pipe that the signal handler, which may do nothing else, writes to.
    private static let descriptor = Atomic<CInt>(-1)

    /// The signal that has arrived, if one has.
    var received: CInt? { state.withLock { $0.received } }

    /// Begins to watch.
    func begin() {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        Self.descriptor.store(ends[1], ordering: .releasing)
        let reader = ends[0]
        guard
            (try? SystemThread.startDetached {
                var byte: UInt8 = 0
                while (try? retrying { read(reader, &byte, 1) }) == 1 { self.receive(CInt(byte)) }
            }) != nil
        else { return }
        for number in [SIGINT, SIGTERM, SIGHUP] {
            let former = signal(number) { number in
                let saved = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(Interruption.descriptor.load(ordering: .acquiring), &byte, 1)
                errno = saved
            }
            // What `nohup` has made this program ignore stays ignored.
            if unsafeBitCast(former, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { signal(number, SIG_IGN) }
        }
    }

    /// - Parameter handler: called with the first signal, at once if it has come already.
    func onFirst(_ handler: @escaping @Sendable (CInt) -> Void) {
        let early = state.withLock { state -> CInt? in
            state.handler = handler
            return state.received
        }
        if let early { handler(early) }
    }

    private func receive(_ number: CInt) {
        let (isFirst, handler) = state.withLock { state -> (Bool, (@Sendable (CInt) -> Void)?) in
            let isFirst = state.received == nil
            if isFirst { state.received = number }
            return (isFirst, state.handler)
        }
        if isFirst { handler?(number) } else { Self.end(by: number) }
    }

    /// Ends the process as the signal would have.
    static func end(by number: CInt) -> Never {
        signal(number, SIG_DFL)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, number)
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
        kill(getpid(), number)
        exit(128 + number)
    }
}
