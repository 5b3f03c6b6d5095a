import AsyncFlowBase

#if os(Linux)
import CProcesses
#endif

/// An open file descriptor with one owner, which no child inherits. It is closed with its owner.
struct Descriptor: ~Copyable, Sendable {
    let number: CInt

    /// Takes over an open descriptor.
    init(owning number: CInt) {
        self.number = number
    }

    deinit { close(number) }

    /// Opens a file.
    ///
    /// One that is made belongs to this user alone: it is there for what commands write, which is nobody else's.
    ///
    /// A FIFO without anyone at its other end doesn't hold up the caller: it reads as empty, and isn't writable.
    static func open(_ path: String, _ flags: CInt) throws(SystemError) -> Descriptor {
        let number = try retrying {
            FileNameText.withPath(path) { Self.openFile($0, flags | O_CLOEXEC | O_NONBLOCK, 0o600) }
        }
        let descriptor = try Descriptor(owning: number).aboveStandardStreams()
        try descriptor.setFlags(flags & O_APPEND)
        return descriptor
    }

    /// Makes a pipe.
    static func pipe() throws(SystemError) -> Pipe {
        var ends: (CInt, CInt) = (-1, -1)
        try retrying {
            withUnsafeMutablePointer(to: &ends) { pointer in
                pointer.withMemoryRebound(to: CInt.self, capacity: 2) { makePipe($0) }
            }
        }
        let reading = Descriptor(owning: ends.0)
        let writing = Descriptor(owning: ends.1)
        return Pipe(reading: try reading.aboveStandardStreams(), writing: try writing.aboveStandardStreams())
    }

    /// Leaves the descriptor open for the rest of the process's life.
    consuming func leaked() -> CInt {
        let number = number
        discard self
        return number
    }

    /// Makes reads and writes return at once when there is nothing to do.
    func setNonblocking() throws(SystemError) {
        try setFlags(O_NONBLOCK)
    }

    /// Moves the descriptor out of the way if it is one of 0, 1 and 2.
    ///
    /// A process that was started without those is handed them out for anything, and they are what a child's own
    /// standard streams are put on.
    private consuming func aboveStandardStreams() throws(SystemError) -> Descriptor {
        guard number <= STDERR_FILENO else { return self }
        return Descriptor(owning: try retrying { fcntl(number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) })
    }

    private func setFlags(_ flags: CInt) throws(SystemError) {
        try retrying { fcntl(number, F_SETFL, flags) }
    }

    private static func makePipe(_ ends: UnsafeMutablePointer<CInt>) -> CInt {
        #if os(Linux)
        return cprocesses_pipe(ends)
        #else
        // There is no call that does both. A child that another thread starts in between doesn't inherit the ends
        // if it is started by the launcher here, which has everything closed in the child.
        guard Darwin.pipe(ends) == 0 else { return -1 }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        return 0
        #endif
    }

    private static func openFile(_ path: UnsafePointer<CChar>, _ flags: CInt, _ mode: mode_t) -> CInt {
        #if canImport(Darwin)
        Darwin.open(path, flags, mode)
        #elseif canImport(Glibc)
        Glibc.open(path, flags, mode)
        #else
        Musl.open(path, flags, mode)
        #endif
    }
}

/// The two ends of a pipe.
struct Pipe: ~Copyable {
    var reading: Descriptor
    var writing: Descriptor
}
