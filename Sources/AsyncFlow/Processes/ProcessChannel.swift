package import AsyncFlowBase

/// Two pipes to a process, for as long as it lives: into its standard input and out of its standard output.
package final class ProcessChannel: Sendable {
    private struct Ends: ~Copyable {
        var input: Descriptor?
        var output: Descriptor?
    }
    /// The process's ends.
    let farInput: CInt
    let farOutput: CInt
    /// Where what the process is told is written, without blocking. Whoever made the channel closes it.
    package let writing: CInt
    /// Where what the process says is read, without blocking. Whoever made the channel closes it.
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

    /// The process has them now, or will never be.
    func closeFarEnds() {
        farEnds.withLock { ends in
            ends.input = nil
            ends.output = nil
        }
    }
}
