import AsyncFlowBase
import Logging

/// A sink that logs events: the tasks with their dependencies, the order in which they ran, the failures and reasons.
final class EventLogger: EventSink, EnginePart {
    private let logger: Logger
    /// The times at which running tasks began, by number; only if every event is logged.
    private let starts = Lock<[UInt64: EventTime]>([:])

    /// Creates a sink that logs events.
    ///
    /// - Returns: nil if the logger's level shows nothing that this would write.
    init?(_ logger: Logger) {
        guard logger.logLevel <= .error else { return nil }
        self.logger = logger
    }

    func start(in engine: EngineCore) { engine.events.add(self) }

    var wantsEveryEvent: Bool { logger.logLevel <= .debug }

    func receive(_ event: WorkflowEvent) {
        let duration = wantsEveryEvent ? duration(upTo: event) : nil
        let level = Self.level(of: event)
        guard logger.logLevel <= level else { return }
        var metadata = Self.metadata(of: event)
        if let duration { metadata["duration"] = "\(duration.inSeconds)s" }
        logger.log(level: level, "\(Self.message(of: event))", metadata: metadata)
    }

    /// Returns the run time of a task or attempt that ends with this event.
    private func duration(upTo event: WorkflowEvent) -> Duration? {
        guard let number = event.taskNumber else { return nil }
        switch event.type {
        case .taskStarted:
            starts.withLock { $0[number] = event.time }
            return nil
        case .taskAttemptFailed, .taskCompleted, .taskFailed, .taskCancelled:
            guard let start = starts.withLock({ $0.removeValue(forKey: number) }) else { return nil }
            return .nanoseconds(event.time.nanoseconds - start.nanoseconds)
        default: return nil
        }
    }

    func finish() {}

    private static func level(of event: WorkflowEvent) -> Logger.Level {
        switch event.type {
        case .engineStarted, .engineEnded: .info
        // The failure itself is logged as an error, once. The tasks that couldn't run because of it, and the blocks
        // around it, may number a million.
        case .taskFailed: event.task.map { Self.began(event.error, in: $0.id) } ?? true ? .error : .info
        case .serviceStopped: event.error == nil ? .debug : .error
        case .serviceRestarted, .taskAttemptFailed: .warning
        case .custom: event.custom?.warning == nil ? .debug : .warning
        default: .debug
        }
    }

    /// Returns whether a task's failure is its own, and not that of a dependency or of a task that it awaited.
    private static func began(_ error: (any Error)?, in task: TaskID) -> Bool {
        if error is DependencyFailureError { return false }
        let cause = (error as? TaskFailedError)?.cause as? any WorkflowError
        return cause?.code == .serviceFailed || cause?.taskID == nil || cause?.taskID == task
    }

    private static func message(of event: WorkflowEvent) -> String {
        guard let task = event.task else {
            switch event.type {
            case .engineStarted: return "engine started"
            case .engineEnded: return "engine ended"
            case .scopeStarted: return "workflow scope started"
            case .scopeEnded: return "workflow scope ended"
            case .custom: return event.custom?.warning ?? "\(event.custom?.name ?? "custom")"
            default: return event.type.description
            }
        }
        let subject = "\(task.name) (\(task.id))"
        switch event.type {
        case .taskCreated where event.dependencies.isEmpty: return "\(subject) created, no dependencies"
        case .taskCreated:
            let dependencies = event.dependencies
            return "\(subject) created, depends on "
                + ShortList.text(dependencies.lazy.map(\.description), count: dependencies.count)
        case .taskResolved: return "\(subject) resolved: all dependencies are done"
        case .taskQueued: return "\(subject) queued"
        case .fileProgress:
            guard let file = event.fileProgress else { return subject }
            let total = file.totalBytes.map { " of \($0)" } ?? ""
            return "\(subject) fetches \("\(file.url)".redactingURLSecrets): \(file.receivedBytes)\(total) bytes"
        case .taskStarted: return "\(subject) started"
        case .taskAttemptFailed:
            return "\(subject) failed in attempt \(event.attempt): \(reason(event)); \(next(event))"
        case .taskCompleted: return "\(subject) done"
        case .taskFailed: return "\(subject) failed: \(reason(event))"
        case .serviceReady: return "\(subject) is ready, process \(event.attempt) of this service"
        case .serviceRestarted: return "\(subject) is restarted: \(reason(event))"
        case .serviceStopped where event.error != nil: return "\(subject) failed: \(reason(event))"
        case .serviceStopped: return "\(subject) stopped"
        case .taskCancelled: return "\(subject) \(reason(event))"
        case .custom where event.custom?.warning != nil: return "\(subject): \(event.custom?.warning ?? "")"
        default: return "\(subject) \(event.type)"
        }
    }

    private static func reason(_ event: WorkflowEvent) -> String {
        guard let error = event.error else { return "" }
        return (error as? any WorkflowError)?.message ?? String(describing: error)
    }

    private static func next(_ event: WorkflowEvent) -> String {
        guard let delay = event.retryDelay else { return "its fallback comes next" }
        return delay > .zero ? "the next one follows in \(delay.shortText)" : "the next one follows"
    }

    /// The maximum number of dependencies that are named.
    private static let longestList = 100
    /// The maximum length of a command that is shown, in characters.
    private static let longestCommand = 500

    /// Adds the command of an attempt that has ended, and the way it ended.
    private static func add(_ event: WorkflowEvent, to metadata: inout Logger.Metadata) {
        switch event.type {
        case .taskCompleted, .taskFailed, .taskCancelled, .taskAttemptFailed: break
        default: return
        }
        let execution = event.execution
        let error = (event.error as? any WorkflowError)?.rootCause ?? event.error
        if let code = execution?.exitCode ?? (error as? CommandError)?.exitCode { metadata["exit_code"] = "\(code)" }
        if let signal = execution?.signal ?? (error as? CommandError)?.signal { metadata["signal"] = "\(signal)" }
        guard let command = execution?.command else { return }
        let line = SecretRedactor(WithheldEnvironment.knownSecrets).redact(command.maskedWords.joined(separator: " "))
        metadata["command"] = "\(line.count > longestCommand ? line.prefix(longestCommand) + "…" : line)"
        if let job = execution?.place.jobID { metadata["job"] = "\(job)" }
        if let node = execution?.place.node { metadata["node"] = "\(node)" }
    }

    private static func metadata(of event: WorkflowEvent) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["engine": "\(event.engineID)"]
        if let workflow = event.workflowID { metadata["workflow"] = "\(workflow)" }
        if let task = event.task {
            metadata["task"] = "\(task.id)"
            metadata["kind"] = "\(task.kind)"
            if let backend = task.backend { metadata["backend"] = "\(backend)" }
            if let block = task.blockID { metadata["block"] = "\(block)" }
            metadata["event"] = "\(event.type)"
            if event.type == .taskCreated, !event.dependencies.isEmpty {
                metadata["dependencies"] = .array(
                    event.dependencies.prefix(longestList).map { .string($0.description) })
            }
            if let error = event.error as? any WorkflowError { metadata["error_code"] = "\(error.code)" }
            add(event, to: &metadata)
            if event.attempt > 1 { metadata["attempt"] = "\(event.attempt)" }
        }
        return metadata
    }
}
