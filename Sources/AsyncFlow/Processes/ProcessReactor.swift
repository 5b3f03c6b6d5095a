import AsyncFlowBase

/// Watches all running processes from one thread: it reads their output, writes their input, and ends them.
///
/// There is one for the whole program, with its thread, made at the first command and kept. The thread sleeps until
/// something happens; it runs no user code.
final class ProcessReactor: Sendable {
    /// What other threads ask of the reactor's.
    enum Request: Sendable {
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

    /// The reactor of this program.
    ///
    /// - Throws: The error, when it can't be made, which is tried again the next time.
    static func shared() throws(SystemError) -> ProcessReactor {
        try sharedReactor.withLock { reactor throws(SystemError) in
            if let reactor { return reactor }
            let new = try ProcessReactor()
            reactor = new
            return new
        }
    }

    /// Makes a reactor and starts its thread, which never ends.
    ///
    /// - Parameter usesExitEvents: Whether the system is asked to report the end of processes; otherwise a thread for
    ///   each process waits for it, as it does where the system can't.
    init(usesExitEvents: Bool = true) throws(SystemError) {
        poller = try Poller()
        self.usesExitEvents = usesExitEvents
        try SystemThread.startDetached { [self] in run() }
    }

    /// Takes a process over. Whoever waits for it is resumed when nothing is left of it.
    func adopt(_ process: RunningProcess) {
        let number = process.number
        let group = process.group
        let output = process.output?.number
        let error = process.error?.number
        let input = process.input?.number
        let exit = process.exitDescriptor?.number
        // It is in the inbox before any event of it can come, and the inbox is read before events are. Its end is
        // watched for last, because with it the descriptors are closed.
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

    /// Ends a process and its group. Does nothing if there is no such process any more.
    func cancel(_ number: UInt64) {
        post(.cancel(number))
    }

    /// Sends a signal to a process and its group. Does nothing if there is no such process any more.
    func send(_ signal: CInt, to number: UInt64) {
        post(.signal(number, signal))
    }

    /// Waits for the end of a process on a thread of its own, for when the system can't report it: a kernel without
    /// process descriptors, no free descriptor, or (on macOS) a process that has already ended.
    private func waitOnOwnThread(for number: UInt64, _ group: ProcessGroup) {
        do {
            try SystemThread.startDetached { [self] in
                var information = siginfo_t()
                // It is left to be reaped, so that its id stays its own until the reactor has seen to its group.
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

    /// The thread's work: requests first, because an event may be about a process that is still in the inbox.
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
