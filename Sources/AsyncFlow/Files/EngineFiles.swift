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
final class EngineFiles: EnginePart {
    let configuration: FileConfiguration
    let copier: FileCopier
    let transfers: FileTransfers
    let advice: CommandAdvice
    /// By task number: the tasks whose directories it is to see. Holding them keeps those directories.
    private let dependencies = Lock<[UInt64: [TaskNode]]>([:])

    init(_ configuration: FileConfiguration, _ logger: Logger) throws(EngineError) {
        try configuration.validate()
        self.configuration = configuration
        copier = FileCopier(maximumCopies: configuration.maximumCopies)
        transfers = FileTransfers(configuration)
        advice = CommandAdvice(logger)
    }

    /// Remembers which directories a task is to see, until it ends. Before the task is submitted.
    func note(_ nodes: [TaskNode], asDependenciesOf task: TaskNode) {
        guard !nodes.isEmpty else { return }
        let number = task.number
        dependencies.withLock { $0[number] = nodes }
        CompletionCallback { [self] in forget(number) }.observe(task)
    }

    func dependencies(of task: TaskNode) -> [TaskNode] { dependencies.withLock { $0[task.number] ?? [] } }

    private func forget(_ number: UInt64) {
        let nodes = dependencies.withLock { $0.removeValue(forKey: number) }
        _ = nodes  // released outside the lock: it may be the last reference
    }

    func finish() async { await transfers.finish() }
}

extension EngineCore {
    var files: EngineFiles { ownPart(EngineFiles.self) }

    /// Notes, in a dry run, which of a task's files aren't there although no task makes them.
    func noteMissing(_ files: [InputFile], of task: TaskID) {
        dryRun?.noteMissing(files.filter(\.isMissing).map(\.path), of: task)
    }
}

extension InputFile {
    /// Whether it should be there, because no task makes it and nobody has to fetch it, but isn't.
    fileprivate var isMissing: Bool {
        guard producer == nil, !isUnknown, case .local(let path) = FileLocation(location) else { return false }
        return (try? FileSystem.kind(of: path)) == nil
    }
}
