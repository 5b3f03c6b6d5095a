/// The destination of a command's output.
public enum CommandOutput: Sendable, Hashable {
    /// Memory: all of the standard output, up to a limit, and the last 64 KiB of the standard error.
    case memory
    /// Files, which the command writes itself. They are created, or emptied if they exist; both may be the same.
    case files(standardOutput: String, standardError: String)
}
