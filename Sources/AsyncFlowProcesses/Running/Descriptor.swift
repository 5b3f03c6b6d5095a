package import AsyncFlowBase

#if os(Linux)
import CProcesses
#endif

/// An open file descriptor with a single owner, which no child inherits. It is closed with its owner.
package struct Descriptor: ~Copyable, Sendable {
    package let number: CInt

    /// Takes ownership of an open descriptor.
    package init(owning number: CInt) {
        self.number = number
    }

    deinit { close(number) }

    /// Opens a file.
    ///
    /// A file that is created is accessible to this user only, because it is for the output of the user's commands.
    ///
    /// A FIFO without a process at its other end doesn't block the caller: it reads as empty, and isn't writable.
    package static func open(_ path: String, _ flags: CInt) throws(SystemError) -> Descriptor {
        let number = try retrying {
            FileNameText.withPath(path) { systemOpen($0, flags | O_CLOEXEC | O_NONBLOCK, 0o600) }
        }
        let descriptor = try Descriptor(owning: number).aboveStandardStreams()
        try descriptor.setFlags(flags & O_APPEND)
        return descriptor
    }

    /// Creates a pipe.
    package static func pipe() throws(SystemError) -> Pipe {
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

    /// Makes reads and writes return at once if nothing can be transferred.
    package func setNonblocking() throws(SystemError) {
        try setFlags(O_NONBLOCK)
    }

    /// Moves the descriptor to another number if it is 0, 1 or 2.
    ///
    /// A process that was started without its standard streams gets those numbers for anything it opens, but a child's
    /// own standard streams are put there.
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
        // No call does both. A child that another thread starts in between doesn't inherit the ends if it is started by
        // the launcher here, which makes everything close in the child.
        guard Darwin.pipe(ends) == 0 else { return -1 }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        return 0
        #endif
    }
}

/// The two ends of a pipe.
package struct Pipe: ~Copyable {
    package var reading: Descriptor
    package var writing: Descriptor
}
