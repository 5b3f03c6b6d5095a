import AsyncFlowBase

/// This process's ends of the pipes to a child, where there are any.
struct ParentPipes: ~Copyable, Sendable {
    var input: Descriptor?
    var output: Descriptor?
    var error: Descriptor?
    /// The rest of the standard input that is still to be written.
    var remainingInput: ArraySlice<UInt8> = []
}

/// The three streams with which a process starts: its own descriptors, and this process's ends of the pipes among them.
struct StandardStreams: ~Copyable {
    private var childInput: Descriptor?
    private var childOutput: Descriptor?
    private var childError: Descriptor?
    private var null: CInt = -1
    private var pipes = ParentPipes()
    private let channel: ProcessChannel?

    /// The descriptors that become the process's standard input, output and error.
    var childNumbers: (input: CInt, output: CInt, error: CInt) {
        if let channel { return (channel.farInput, channel.farOutput, Self.number(of: childError, or: null)) }
        let output = Self.number(of: childOutput, or: null)
        return (Self.number(of: childInput, or: null), output, Self.number(of: childError, or: output))
    }

    /// Opens the input and output of a command.
    ///
    /// - Throws: ``CommandError`` with the reason `inputFailed`, `outputFailed` or `launchFailed`; nothing is left
    ///   open.
    package init(
        for command: Command, capture: CommandRunner.Capture, channel: ProcessChannel? = nil
    ) throws(CommandError) {
        self.channel = channel
        do {
            null = try NullDevice.number()
            if channel != nil { try openErrorPipe() }
        } catch {
            let advice = LaunchDiagnosis.advice(for: error.code)
            throw CommandError(.launchFailed(errno: error.code), command, detail: advice)
        }
        if channel != nil { return }
        do {
            if case .bytes(let bytes) = command.standardInput.source { try openInputPipe(for: bytes) }
            if case .memory = capture { try openOutputPipes() }
        } catch {
            let advice = LaunchDiagnosis.advice(for: error.code)
            throw CommandError(.launchFailed(errno: error.code), command, detail: advice)
        }
        if case .file(let path) = command.standardInput.source {
            do throws(SystemError) { childInput = try Descriptor.open(path, O_RDONLY) } catch {
                let advice = LaunchDiagnosis.advice(for: error.code)
                let detail = advice.isEmpty ? "'\(path)'" : "'\(path)'; \(advice)"
                throw CommandError(.inputFailed(errno: error.code), command, detail: detail)
            }
        }
        if case .files(let output, let error) = capture {
            childOutput = try Self.outputFile(output, for: command)
            // Opening one file twice would let each stream overwrite the other.
            if error != output { childError = try Self.outputFile(error, for: command) }
        }
    }

    /// Hands over this process's ends of the pipes.
    mutating func takePipes() -> ParentPipes {
        var taken = ParentPipes()
        swap(&taken, &pipes)
        return taken
    }

    private static func number(of descriptor: borrowing Descriptor?, or other: CInt) -> CInt {
        switch descriptor {
        case .some(let descriptor): descriptor.number
        case .none: other
        }
    }

    private mutating func openInputPipe(for bytes: [UInt8]) throws(SystemError) {
        let pipe = try Descriptor.pipe()
        try pipe.writing.setNonblocking()
        // As long as this process has the reading end, it gets no SIGPIPE. The part that fits, which is all of it in
        // most cases, is written before the process starts.
        pipes.remainingInput = try InputWriter.write(bytes[...], to: pipe.writing.number)
        childInput = consume pipe.reading
        if !pipes.remainingInput.isEmpty { pipes.input = consume pipe.writing }
    }

    private mutating func openOutputPipes() throws(SystemError) {
        let output = try Descriptor.pipe()
        try output.reading.setNonblocking()
        pipes.output = consume output.reading
        childOutput = consume output.writing
        try openErrorPipe()
    }

    private mutating func openErrorPipe() throws(SystemError) {
        let error = try Descriptor.pipe()
        try error.reading.setNonblocking()
        pipes.error = consume error.reading
        childError = consume error.writing
    }

    private static func outputFile(_ path: String, for command: Command) throws(CommandError) -> Descriptor {
        do throws(SystemError) {
            return try openForOutput(path)
        } catch {
            let advice =
                error.code == ELOOP
                ? "it is a symbolic link, and nothing is written through one; remove it"
                : LaunchDiagnosis.advice(for: error.code)
            let detail = advice.isEmpty ? "'\(path)'" : "'\(path)'; \(advice)"
            throw CommandError(.outputFailed(errno: error.code), command, detail: detail)
        }
    }

    /// Creates a file, or empties an existing one. A symbolic link isn't followed.
    private static func openForOutput(_ path: String) throws(SystemError) -> Descriptor {
        let flags = O_WRONLY | O_APPEND | O_NOFOLLOW
        do throws(SystemError) {
            return try Descriptor.open(path, flags | O_CREAT | O_EXCL)
        } catch {
            guard error.code == EEXIST else { throw error }
            return try Descriptor.open(path, flags | O_TRUNC)
        }
    }
}

/// A writer of input to a pipe.
enum InputWriter {
    /// Writes as much as the pipe accepts.
    ///
    /// - Returns: The rest.
    static func write(_ bytes: ArraySlice<UInt8>, to number: CInt) throws(SystemError) -> ArraySlice<UInt8> {
        var rest = bytes
        while !rest.isEmpty {
            do {
                rest = rest.dropFirst(try retrying { rest.withUnsafeBytes { systemWrite(number, $0) } })
            } catch {
                if error.code == EAGAIN { break }
                throw error
            }
        }
        return rest
    }
}

/// `/dev/null`, opened once for all processes.
enum NullDevice {
    private static let opened = Lock<CInt?>(nil)

    static func number() throws(SystemError) -> CInt {
        if let number = opened.withLock({ $0 }) { return number }
        var descriptor: Descriptor? = try Descriptor.open("/dev/null", O_RDWR)
        return opened.withLock { number in
            if number == nil { number = descriptor.take()?.leaked() }
            return number ?? -1
        }
    }
}
