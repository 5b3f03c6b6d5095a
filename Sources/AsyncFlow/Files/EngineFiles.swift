import AsyncFlowBase
import Logging

extension WorkflowEngine {
    /// Makes the run directory if it doesn't exist yet, readable for this user only.
    ///
    /// - Returns: its path, which is ``runDirectory``.
    /// - Throws: ``FileError``.
    package func makeRunDirectory() throws(FileError) -> String { try core.makeRunDirectory() }
}

/// The state that the tasks of one engine share for their files. Made with the engine; free until a task has a file.
final class EngineFiles: EnginePart {
    let configuration: FileConfiguration
    let copier: FileCopier
    let transfers: FileTransfers
    let advice: CommandAdvice
    /// By task number, the tasks whose directories a task sees. References to them keep those directories.
    private let dependencies = Lock<[UInt64: [TaskNode]]>([:])

    init(_ configuration: FileConfiguration, _ logger: Logger) throws(EngineError) {
        try configuration.validate()
        self.configuration = configuration
        copier = FileCopier(maximumCopies: configuration.maximumCopies)
        transfers = FileTransfers(configuration)
        advice = CommandAdvice(logger)
    }

    /// Notes which directories a task sees, until it ends. To be called before the task is submitted.
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

    /// Notes, in a dry run, a task's files that don't exist and that no task makes.
    func noteMissing(_ files: [InputFile], of task: TaskID) {
        dryRun?.noteMissing(files.filter(\.isMissing).map(\.path), of: task)
    }
}

extension InputFile {
    /// Whether the file should exist, because no task makes it and no source fetches it, but doesn't.
    fileprivate var isMissing: Bool {
        guard producer == nil, !isUnknown, case .local(let path) = FileLocation(location) else { return false }
        return (try? FileSystem.kind(of: path)) == nil
    }
}
