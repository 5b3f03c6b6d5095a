/// The trace of a started command, by which a later run of the program finds it if this one doesn't see its end.
package struct CommandTrace: Sendable, Hashable {
    /// The name of the backend that has the command.
    package var backend: String
    /// The description by which the backend finds it, in a form that is the backend's affair.
    package var ticket: [UInt8]
    /// The working directory of the task; nil for a task that has none.
    package var directory: String?
    /// The destination of its output.
    package var output: CommandOutput

    package init(backend: String, ticket: [UInt8], directory: String? = nil, output: CommandOutput = .memory) {
        self.backend = backend
        self.ticket = ticket
        self.directory = directory
        self.output = output
    }
}

/// Keeps the traces of the commands of one call.
package protocol CommandTraces: AnyObject, Sendable {
    /// Takes the trace that an interrupted run has left. Nil if it has left none, and from the second time on: only one
    /// attempt looks for what was started before.
    func takeEarlier() -> CommandTrace?
    /// Keeps the trace of a command that goes on without this process. Returns when the trace is on disk.
    func keep(_ trace: CommandTrace) async throws
    /// Keeps the trace of a command that is not meant to outlive this process. Nothing waits for the disk.
    func note(_ trace: CommandTrace)
    /// Has something done when the outcome of the call is on disk, or won't be recorded.
    func whenRecorded(_ body: @escaping @Sendable () -> Void)
}
