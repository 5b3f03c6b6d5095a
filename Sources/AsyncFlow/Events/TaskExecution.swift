import AsyncFlowBase

/// The execution of one attempt of a task: the command and where it ran, how it ended, and the files it read and made.
///
/// It becomes known in parts: the command at its start, the exit code at its end. Empty for functions without files.
public struct TaskExecution: Sendable, Hashable {
    /// A file that a task was given or has made.
    public struct File: Sendable, Hashable {
        /// The path. For a downloaded file, its URL without user info and the values of its query.
        public let path: String
        /// The size in bytes; nil for a directory, and for a file that couldn't be examined.
        public let size: Int64?
    }

    /// The command. Its words and variables may hold secrets: mask them before they are shown.
    public internal(set) var command: Command?
    /// The process or job in which the command ran.
    public internal(set) var place = CommandPlace()
    /// The exit code of the command; nil while it runs, and if it didn't exit by itself.
    public internal(set) var exitCode: Int32?
    /// The number of the signal that ended the command; nil if none did.
    public internal(set) var signal: Int32?
    /// The resources that the command used, where they are known.
    public internal(set) var usage: ResourceUsage?
    /// The files that were staged, in the order of the arguments.
    public internal(set) var inputs: [File] = []
    /// The declared files that were made, in the order of declaration.
    public internal(set) var outputs: [File] = []

    init() {}

    /// Notes the error with which the command ended.
    mutating func end(_ error: any Error) {
        guard let error = error as? CommandError else { return }
        (exitCode, signal, usage) = (error.exitCode, error.signal, error.usage)
    }

    mutating func end(_ result: CommandResult) {
        (exitCode, usage) = (0, result.usage)
        if result.processID > 0 { place.processID = result.processID }
    }
}

/// An execution that events share with its task.
final class SharedExecution: Sendable {
    let value: TaskExecution

    init(_ value: TaskExecution) { self.value = value }
}

/// The executions of tasks whose nodes have no room for one, because they have no attempts. Only tasks with files have
/// an execution there.
final class ExecutionNotes: Sendable {
    /// By task number.
    private let executions = Lock<[UInt64: SharedExecution]>([:])

    subscript(task: TaskNode) -> SharedExecution? { executions.withLock { $0[task.number] } }

    /// Changes the execution of a task, and discards it when the task has ended.
    func note(_ change: (inout TaskExecution) -> Void, of task: TaskNode) {
        let number = task.number
        let isFirst = executions.withLock { executions in
            var execution = executions[number]?.value ?? TaskExecution()
            change(&execution)
            return executions.updateValue(SharedExecution(execution), forKey: number) == nil
        }
        guard isFirst else { return }
        CompletionCallback { [self] in executions.withLock { _ = $0.removeValue(forKey: number) } }.observe(task)
    }
}
