package import AsyncFlowBase

/// The reactor that watches all running processes from one thread: it reads their output, writes their input, and ends
/// them.
///
/// There is one for the whole program, with its thread, made at the first command and kept. The thread sleeps until
/// something happens; it runs no user code.
package final class ProcessReactor: Sendable {
    /// A request of another thread to that of the reactor.
    package enum Request: Sendable {
        case adopt(RunningProcess)
        case cancel(UInt64)
        case signal(UInt64, CInt)
        case fail(UInt64, SystemError)
        case exited(UInt64)
    }

    private let poller: Poller
    private let inbox = Lock<[Request]>([])
    private let usesExitEvents: Bool

    private static let sharedReactor = Lock<ProcessReactor?>(nil)

    /// Returns the reactor of this program.
    ///
    /// - Throws: The system's error, if the reactor can't be made; the next call tries again.
    package static func shared() throws(SystemError) -> ProcessReactor {
        try sharedReactor.withLock { reactor throws(SystemError) in
            if let reactor { return reactor }
            let new = try ProcessReactor()
            reactor = new
            return new
        }
    }

    /// Creates a reactor and starts its thread, which never ends.
    ///
    /// - Parameter usesExitEvents: Whether the system is asked to report the ends of processes; otherwise a separate
    ///   thread waits for each process, as it does where the system can't report them.
    init(usesExitEvents: Bool = true) throws(SystemError) {
        poller = try Poller()
        self.usesExitEvents = usesExitEvents
        try SystemThread.startDetached { [self] in run() }
    }

    /// Takes over a process. The caller that waits for it is resumed when nothing is left of it.
    package func adopt(_ process: RunningProcess) {
        let number = process.number
        let group = process.group
        let output = process.output?.number
        let error = process.error?.number
        let input = process.input?.number
        let exit = process.exitDescriptor?.number
        // The process is in the inbox before any of its events can come, and the inbox is read before events are. The
        // watch for its end comes last, because its end closes the descriptors.
        inbox.withLock { $0.append(.adopt(process)) }
        do {
            if let output { try poller.watch(output, for: .readable, token: Token(number, .output)) }
            if let error { try poller.watch(error, for: .readable, token: Token(number, .error)) }
            if let input { try poller.watch(input, for: .writable, token: Token(number, .input)) }
        } catch {
            post(.fail(number, error))
        }
        do {
            guard usesExitEvents else { throw SystemError(code: ENOSYS) }
            try poller.watchExit(of: group.id, exit, token: Token(number, .exit))
        } catch {
            waitOnOwnThread(for: number, group)
        }
    }

    /// Ends a process and its group. Does nothing if it has already ended.
    package func cancel(_ number: UInt64) {
        post(.cancel(number))
    }

    /// Sends a signal to a process and its group. Does nothing if it has already ended.
    package func send(_ signal: CInt, to number: UInt64) {
        post(.signal(number, signal))
    }

    /// Waits for the end of a process on a separate thread, for when the system can't report it: a kernel without
    /// process descriptors, no free descriptor, or (on macOS) a process that has already ended.
    private func waitOnOwnThread(for number: UInt64, _ group: ProcessGroup) {
        do {
            try SystemThread.startDetached { [self] in
                var information = siginfo_t()
                // The process isn't reaped here, so that its id stays its own until the reactor has dealt with its
                // group.
                _ = try? retrying { waitid(P_PID, id_t(group.id), &information, WEXITED | WNOWAIT) }
                post(.exited(number))
            }
        } catch {
            group.send(.kill)
            post(.fail(number, error))
            post(.exited(number))
        }
    }

    private func post(_ request: Request) {
        inbox.withLock { $0.append(request) }
        poller.wake()
    }

    /// Runs the thread: requests are handled first, because an event may be about a process that is still in the inbox.
    private func run() {
        var loop = ReactorLoop(poller: poller)
        var tokens: [Token] = []
        while true {
            tokens.removeAll(keepingCapacity: true)
            poller.wait(milliseconds: loop.millisecondsToWait()) { tokens.append($0) }
            let requests = inbox.withLock { inbox in
                defer { inbox.removeAll(keepingCapacity: true) }
                return inbox
            }
            for request in requests { loop.handle(request) }
            for token in tokens { loop.handle(token) }
            loop.handlePassedTime()
        }
    }
}
