/// Where the output of a command goes.
public enum CommandOutput: Sendable, Hashable {
    /// Into memory: the standard output whole, up to a limit, of the standard error the last 64 KiB.
    case memory
    /// Into files, which the command writes itself. They are made, or emptied if they exist; both may be the same.
    case files(standardOutput: String, standardError: String)
}
