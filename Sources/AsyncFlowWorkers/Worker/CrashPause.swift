import AsyncFlowBase

/// A pause of a crashing thread, so that the outbox's thread can send the results that other bodies have returned
/// before, and the crash costs no other call.
enum CrashPause {
    private static let signals = [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGSEGV, SIGFPE]

    /// Installs the handlers, except where the program has its own handler or Swift's for backtraces.
    static func install() {
        for number in signals {
            var current = sigaction()
            sigaction(number, nil, &current)
            guard isDefault(current) else { continue }
            var action = sigaction()
            setHandler(
                of: &action,
                to: { _ in
                    // After the handler's return, the same fault ends the process.
                    usleep(20_000)
                })
            action.sa_flags = CInt(truncatingIfNeeded: SA_RESETHAND)
            sigaction(number, &action, nil)
        }
    }

    /// Unblocks the signals on threads that run bodies: they are started with all signals blocked, and a fault would
    /// then end the process without any handler.
    static func unblockSignals() {
        var set = sigset_t()
        sigemptyset(&set)
        for number in signals { sigaddset(&set, number) }
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    private static func isDefault(_ action: sigaction) -> Bool {
        #if canImport(Glibc)
        action.__sigaction_handler.sa_handler == nil
        #elseif canImport(Musl)
        action.__sa_handler.sa_handler == nil
        #else
        action.__sigaction_u.__sa_handler == nil
        #endif
    }

    private static func setHandler(of action: inout sigaction, to handler: @escaping @convention(c) (CInt) -> Void) {
        #if canImport(Glibc)
        action.__sigaction_handler.sa_handler = handler
        #elseif canImport(Musl)
        action.__sa_handler.sa_handler = handler
        #else
        action.__sigaction_u.__sa_handler = handler
        #endif
    }
}
