package import AsyncFlowBase

/// Two pipes to a process, for as long as it lives: to its standard input and from its standard output.
package final class ProcessChannel: Sendable {
    private struct Ends: ~Copyable {
        var input: Descriptor?
        var output: Descriptor?
    }
    /// The process's ends.
    let farInput: CInt
    let farOutput: CInt
    /// The descriptor for writing to the process, without blocking. The creator of the channel closes it.
    package let writing: CInt
    /// The descriptor for reading from the process, without blocking. The creator of the channel closes it.
    package let reading: CInt
    private let farEnds: Lock<Ends>

    package init() throws(SystemError) {
        let input = try Descriptor.pipe()
        let output = try Descriptor.pipe()
        try input.writing.setNonblocking()
        try output.reading.setNonblocking()
        farInput = input.reading.number
        farOutput = output.writing.number
        var ends = Ends()
        ends.input = consume input.reading
        ends.output = consume output.writing
        farEnds = Lock(ends)
        writing = (consume input.writing).leaked()
        reading = (consume output.reading).leaked()
    }

    /// Closes the process's ends, because it has them now or was not started.
    func closeFarEnds() {
        farEnds.withLock { ends in
            ends.input = nil
            ends.output = nil
        }
    }
}
