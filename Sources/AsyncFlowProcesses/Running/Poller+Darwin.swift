import AsyncFlowBase

#if canImport(Darwin)
import Darwin

/// An alias for the structure, because the function has the same name.
private typealias KernelEvent = kevent

/// A poller that waits for events of many descriptors and processes, with kqueue.
///
/// It lives as long as the process.
final class Poller: Sendable {
    private let queue: CInt

    package init() throws(SystemError) {
        queue = try retrying { kqueue() }
        _ = fcntl(queue, F_SETFD, FD_CLOEXEC)
        do {
            try change(UInt(0), EVFILT_USER, EV_ADD | EV_CLEAR, token: .wake)
        } catch {
            close(queue)
            throw error
        }
    }

    /// Reports a descriptor's events with a token as long as it is ready.
    func watch(_ number: CInt, for readiness: Readiness, token: Token) throws(SystemError) {
        try change(UInt(number), readiness == .readable ? EVFILT_READ : EVFILT_WRITE, EV_ADD, token: token)
    }

    /// Ends the watch on a descriptor.
    func unwatch(_ number: CInt, for readiness: Readiness) {
        try? change(UInt(number), readiness == .readable ? EVFILT_READ : EVFILT_WRITE, EV_DELETE, token: .wake)
    }

    /// Returns nil: kqueue reports the end of a child by its id.
    static func exitDescriptor(of pid: pid_t) -> Descriptor? { nil }

    /// Reports the end of a child with a token.
    ///
    /// - Throws: The system's error, also if the child has already ended.
    func watchExit(of pid: pid_t, _ descriptor: CInt?, token: Token) throws(SystemError) {
        try change(UInt(pid), EVFILT_PROC, EV_ADD | EV_ONESHOT, flags: UInt32(NOTE_EXIT), token: token)
    }

    /// Makes the waiting thread, or the next one that waits, return at once.
    func wake() {
        try? change(0, EVFILT_USER, 0, flags: UInt32(NOTE_TRIGGER), token: .wake)
    }

    /// Waits for events and calls a function with the token of each.
    ///
    /// - Parameter milliseconds: The maximum time to wait; -1 for no limit.
    func wait(milliseconds: CInt, _ body: (Token) -> Void) {
        var limit = timespec(tv_sec: Int(milliseconds / 1000), tv_nsec: Int(milliseconds % 1000) * 1_000_000)
        withUnsafeTemporaryAllocation(of: KernelEvent.self, capacity: 128) { events in
            let count = withUnsafePointer(to: &limit) { limit in
                kevent(queue, nil, 0, events.baseAddress, CInt(events.count), milliseconds < 0 ? nil : limit)
            }
            guard count > 0 else { return }
            for index in 0..<Int(count) {
                let token = Token(rawValue: UInt64(UInt(bitPattern: events[index].udata)))
                if token != .wake { body(token) }
            }
        }
    }

    private func change(
        _ identifier: UInt,
        _ filter: CInt,
        _ action: CInt,
        flags: UInt32 = 0,
        token: Token
    ) throws(SystemError) {
        var event = KernelEvent(
            ident: identifier,
            filter: Int16(filter),
            flags: UInt16(action),
            fflags: flags,
            data: 0,
            udata: UnsafeMutableRawPointer(bitPattern: UInt(token.rawValue))
        )
        try retrying { kevent(queue, &event, 1, nil, 0, nil) }
    }
}
#endif
