/// What a command that ended with exit code 0 has left.
public struct CommandResult: Sendable, Hashable {
    /// What it wrote to its standard output. Empty where that went into a file.
    public var standardOutput: [UInt8]

    /// The end of what it wrote to its standard error, repaired where it isn't UTF-8.
    public var standardErrorTail: String

    /// The id it had while it ran. Another process may have it by now.
    public var processID: Int32

    /// What it took of the machine, where that is known.
    public var usage: ResourceUsage?

    /// The standard output as text, with what isn't UTF-8 replaced by `U+FFFD`.
    public var text: String { OutputText.decoded(standardOutput) }

    /// For backends that run commands in their own way.
    public init(
        standardOutput: [UInt8], standardErrorTail: String = "", processID: Int32 = 0, usage: ResourceUsage? = nil
    ) {
        self.standardOutput = standardOutput
        self.standardErrorTail = standardErrorTail
        self.processID = processID
        self.usage = usage
    }
}
