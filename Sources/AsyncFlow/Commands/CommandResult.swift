/// What a command that ended with exit code 0 has left.
public struct CommandResult: Sendable, Hashable {
    /// What it wrote to its standard output. Empty where that went into a file. Each reading of much output copies it.
    public var standardOutput: [UInt8] {
        get { captured.bytes }
        set { captured = CapturedOutput(newValue) }
    }

    /// The same, where it may be large.
    var captured: CapturedOutput

    /// The end of what it wrote to its standard error, repaired where it isn't UTF-8.
    public var standardErrorTail: String

    /// The id it had while it ran. Another process may have it by now.
    public var processID: Int32

    /// What it took of the machine, where that is known.
    public var usage: ResourceUsage?

    /// The standard output as text, with what isn't UTF-8 replaced by `U+FFFD`.
    public var text: String {
        var captured = captured
        return captured.takeText()
    }

    /// For backends that run commands in their own way.
    public init(
        standardOutput: [UInt8], standardErrorTail: String = "", processID: Int32 = 0, usage: ResourceUsage? = nil
    ) {
        self.init(
            captured: CapturedOutput(standardOutput), standardErrorTail: standardErrorTail, processID: processID,
            usage: usage)
    }

    init(captured: CapturedOutput, standardErrorTail: String, processID: Int32, usage: ResourceUsage?) {
        self.captured = captured
        self.standardErrorTail = standardErrorTail
        self.processID = processID
        self.usage = usage
    }
}
