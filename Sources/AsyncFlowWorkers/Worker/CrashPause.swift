import AsyncFlowBase

/// Holds a crashing thread for a moment, so that what other bodies have returned before is sent home by the outbox's
/// thread, and the crash costs nobody else anything.
enum CrashPause {
    private static let signals = [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGSEGV, SIGFPE]

    /// Where the program hasn't got a handler of its own, or Swift's for backtraces.
    static func install() {
        for number in signals {
            var current = sigaction()
            sigaction(number, nil, &current)
            guard isDefault(current) else { continue }
            var action = sigaction()
            setHandler(
                of: &action,
                to: { _ in
                    // Back in the handler's caller, the same fault ends the process by itself.
                    usleep(20_000)
                })
            action.sa_flags = CInt(truncatingIfNeeded: SA_RESETHAND)
            sigaction(number, &action, nil)
        }
    }

    /// For threads that run bodies: they are started with all signals blocked, and then a fault would end the process
    /// without any handler.
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
