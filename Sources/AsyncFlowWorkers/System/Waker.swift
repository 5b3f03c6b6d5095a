import AsyncFlowBase

import AsyncFlow

/// A pipe of this process to itself, by which a thread that waits for other descriptors is woken.
final class Waker: Sendable {
    private let ends = Lock<(reading: CInt, writing: CInt)>((-1, -1))

    var reading: CInt { ends.withLock { $0.reading } }

    func open() throws(SystemError) {
        var pair: [CInt] = [-1, -1]
        guard pipe(&pair) == 0 else { throw SystemError(code: errno) }
        for end in pair {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        ends.withLock { $0 = (pair[0], pair[1]) }
    }

    func wake() {
        // Under the lock, so that the descriptor hasn't been reused in the meantime; this never blocks.
        ends.withLock { ends in
            if ends.writing >= 0 { _ = write(ends.writing, [UInt8](repeating: 1, count: 1), 1) }
        }
    }

    func clear() {
        var buffer = [UInt8](repeating: 0, count: 64)
        while read(reading, &buffer, buffer.count) > 0 {}
    }

    func close() {
        let ends = ends.withLock { ends in
            defer { ends = (-1, -1) }
            return ends
        }
        for end in [ends.reading, ends.writing] where end >= 0 { closeDescriptor(end) }
    }
}

/// Closes a descriptor: the C function, for code in which a method has the same name.
func closeDescriptor(_ number: CInt) { close(number) }
