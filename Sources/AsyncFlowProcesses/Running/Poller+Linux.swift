import AsyncFlowBase

#if os(Linux)
import CProcesses

/// A poller that waits for events of many descriptors and processes, with epoll.
///
/// It lives as long as the process.
final class Poller: Sendable {
    private let queue: CInt
    private let wakeDescriptor: CInt

    package init() throws(SystemError) {
        queue = try retrying { cprocesses_epoll() }
        wakeDescriptor = cprocesses_event()
        guard wakeDescriptor >= 0 else {
            let error = SystemError.current
            close(queue)
            throw error
        }
        do {
            try watch(wakeDescriptor, for: .readable, token: .wake)
        } catch {
            close(wakeDescriptor)
            close(queue)
            throw error
        }
    }

    /// Reports a descriptor's events with a token as long as it is ready.
    func watch(_ number: CInt, for readiness: Readiness, token: Token) throws(SystemError) {
        try retrying { cprocesses_watch(queue, number, readiness == .writable ? 1 : 0, token.rawValue) }
    }

    /// Ends the watch on a descriptor, which has to happen before it is closed: a child that is just being started has
    /// a copy for a moment, so that the kernel would continue to report it.
    func unwatch(_ number: CInt, for readiness: Readiness) {
        _ = cprocesses_unwatch(queue, number)
    }

    /// Opens a descriptor that reports the end of a child; nil on a kernel before 5.3 or without a free descriptor.
    static func exitDescriptor(of pid: pid_t) -> Descriptor? {
        let number = cprocesses_open_process(pid)
        return number < 0 ? nil : Descriptor(owning: number)
    }

    /// Reports the end of a child with a token.
    func watchExit(of pid: pid_t, _ descriptor: CInt?, token: Token) throws(SystemError) {
        guard let descriptor else { throw SystemError(code: ENOSYS) }
        try watch(descriptor, for: .readable, token: token)
    }

    /// Makes the waiting thread, or the next one that waits, return at once.
    func wake() {
        var one: UInt64 = 1
        _ = write(wakeDescriptor, &one, 8)
    }

    /// Waits for events and calls a function with the token of each.
    ///
    /// - Parameter milliseconds: The maximum time to wait; -1 for no limit.
    func wait(milliseconds: CInt, _ body: (Token) -> Void) {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 128) { tokens in
            let count = cprocesses_wait(queue, tokens.baseAddress, CInt(tokens.count), milliseconds)
            guard count > 0 else { return }
            for index in 0..<Int(count) {
                let token = Token(rawValue: tokens[index])
                if token == .wake {
                    var value: UInt64 = 0
                    _ = read(wakeDescriptor, &value, 8)
                } else {
                    body(token)
                }
            }
        }
    }
}
#endif
