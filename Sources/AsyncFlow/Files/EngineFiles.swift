import AsyncFlowBase
import Logging

extension WorkflowEngine {
    /// Makes the run directory if nobody has yet, readable for this user alone.
    ///
    /// - Returns: its path, which is ``runDirectory``.
    /// - Throws: ``FileError``.
    package func makeRunDirectory() throws(FileError) -> String { try core.makeRunDirectory() }
}

/// What the tasks of one engine share for their files. Made with the engine; it costs nothing until a task has a file.
final class EngineFiles: Sendable {
    let configuration: FileConfiguration
    let copier: FileCopier
    let transfers: FileTransfers
    let advice: CommandAdvice
    /// By task number: the tasks whose directories it is to see. Holding them keeps those directories.
    private let dependencies = Lock<[UInt64: [TaskNode]]>([:])
    /// By task number: the files of tasks that have no attempts, whose nodes don't keep them.
    private let executions = Lock<[UInt64: SharedExecution]>([:])

    init(_ configuration: FileConfiguration, _ logger: Logger) throws(EngineError) {
        try configuration.validate()
        self.configuration = configuration
        copier = FileCopier(maximumCopies: configuration.maximumCopies)
        transfers = FileTransfers(configuration)
        advice = CommandAdvice(logger)
    }

    /// Remembers which directories a task is to see, until it ends.
    func note(_ nodes: [TaskNode], asDependenciesOf task: TaskNode) {
        guard !nodes.isEmpty else { return }
        dependencies.withLock { $0[task.number] = nodes }
    }

    func dependencies(of task: TaskNode) -> [TaskNode] { dependencies.withLock { $0[task.number] ?? [] } }

    func execution(of task: TaskNode) -> SharedExecution? { executions.withLock { $0[task.number] } }

    func note(_ change: (inout TaskExecution) -> Void, of task: TaskNode) {
        executions.withLock { executions in
            var execution = executions[task.number]?.value ?? TaskExecution()
            change(&execution)
            executions[task.number] = SharedExecution(execution)
        }
    }

    func forget(_ task: TaskNode) {
        let nodes = dependencies.withLock { $0.removeValue(forKey: task.number) }
        _ = executions.withLock { $0.removeValue(forKey: task.number) }
        _ = nodes  // released outside the lock: it may be the last reference
    }

    func finish() async { await transfers.finish() }
}
