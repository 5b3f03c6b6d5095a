/// The result of a command that ended with exit code 0.
public struct CommandResult: Sendable, Hashable {
    /// The command's standard output; empty if it went into a file. Each access to a large output copies it.
    public var standardOutput: [UInt8] {
        get { captured.bytes }
        set { captured = CapturedOutput(newValue) }
    }

    /// The standard output, which may be large.
    package var captured: CapturedOutput

    /// The end of the standard error, repaired where it isn't UTF-8.
    public var standardErrorTail: String

    /// The process id of the command while it ran. Another process may have it by now.
    public var processID: Int32

    /// The resources that the command used, where they are known.
    public var usage: ResourceUsage?

    /// The standard output as text, with bytes that aren't UTF-8 replaced by `U+FFFD`.
    public var text: String {
        var captured = captured
        return captured.takeText()
    }

    /// Creates a result, for backends that run commands in their own way.
    public init(
        standardOutput: [UInt8], standardErrorTail: String = "", processID: Int32 = 0, usage: ResourceUsage? = nil
    ) {
        self.init(
            captured: CapturedOutput(standardOutput), standardErrorTail: standardErrorTail, processID: processID,
            usage: usage)
    }

    package init(captured: CapturedOutput, standardErrorTail: String, processID: Int32, usage: ResourceUsage?) {
        self.captured = captured
        self.standardErrorTail = standardErrorTail
        self.processID = processID
        self.usage = usage
    }
}
