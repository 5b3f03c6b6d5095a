import AsyncFlowBase

/// A terminal that is written to without waiting for it.
final class TerminalDevice: Sendable {
    enum Outcome: Equatable { case written(Int), gone }

    /// A separate opening of the terminal, where that is allowed: non-blocking mode belongs to the open file, which is
    /// shared by everybody who has the original descriptor.
    private let output: Int32
    private let isOwn: Bool
    private let identity: Identity

    private struct Identity: Equatable {
        let number: UInt64

        init?(_ descriptor: Int32) {
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFCHR else { return nil }
            number = UInt64(truncatingIfNeeded: status.st_rdev)
        }
    }

    /// - Returns: nil if the descriptor isn't that of a terminal.
    init?(_ descriptor: Int32) {
        guard isatty(descriptor) == 1, let identity = Identity(descriptor) else { return nil }
        var name = [CChar](repeating: 0, count: 1024)
        var own: Int32 = -1
        if ttyname_r(descriptor, &name, name.count) == 0 {
            own = open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
            if own >= 0, Identity(own) != identity {
                close(own)
                own = -1
            }
        }
        isOwn = own >= 0
        output = isOwn ? own : fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        self.identity = identity
        if output < 0 { return nil }
    }

    deinit { close(output) }

    /// Returns whether the descriptor belongs to this terminal.
    func isBehind(_ descriptor: Int32) -> Bool { Identity(descriptor) == identity }

    var size: TerminalSize {
        var size = winsize()
        guard ioctl(output, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return TerminalSize()
        }
        return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    /// Whether another job has the terminal at the moment.
    var isForegroundOfOthers: Bool {
        let group = tcgetpgrp(output)
        return group > 0 && group != getpgrp()
    }

    /// Writes as much as the terminal takes right now.
    func write(_ bytes: ArraySlice<UInt8>) -> Outcome {
        var rest = bytes
        while !rest.isEmpty {
            guard isWritable(within: 0) else { break }
            // A blocking descriptor gets little at a time, so that the write is unlikely to block.
            let part = isOwn ? rest : rest.prefix(64)
            let count = part.withUnsafeBytes { systemWrite(output, $0) }
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN || errno == EWOULDBLOCK { break }
                return .gone
            }
            if count == 0 { break }
            rest = rest.dropFirst(count)
        }
        return .written(bytes.count - rest.count)
    }

    /// - Parameter milliseconds: the time to wait for that; -1 waits forever.
    func isWritable(within milliseconds: Int32) -> Bool { Self.isWritable(output, within: milliseconds) }

    static func isWritable(_ descriptor: Int32, within milliseconds: Int32) -> Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        while true {
            let count = poll(&waiting, 1, milliseconds)
            if count < 0, errno == EINTR { continue }
            return count != 0  // what is wrong with the descriptor shows when it is written to
        }
    }
}
