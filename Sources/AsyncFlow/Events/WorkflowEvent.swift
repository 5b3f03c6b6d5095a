/// An immutable fact about a run. Everything that people look at (log, recordings, traces, progress) is based on
/// events.
public struct WorkflowEvent: Sendable {
    /// The type of the event.
    public let type: EventType
    /// The number of the attempt that the event is about, starting at 1; 0 before the first.
    public var attempt: Int { Int(attemptNumber) }
    /// The time of the event, on the clock that all events share.
    public let time: EventTime

    // Small, and made of existing objects: an event is made and passed on several times for each task.
    private let attemptNumber: UInt32
    private let workerIndex: Int16
    private let subject: Subject
    private let details: EventDetails?

    enum Subject: Sendable {
        case engine(EngineCore)
        case task(UInt64, TaskDefinition, Membership?)
        /// A reader, for events about its own reading; there is no engine.
        case reader(engineID: String)
    }

    init(
        _ type: EventType, of subject: Subject, attempt: Int = 0, worker: Int? = nil, ago: Duration = .zero,
        details: EventDetails? = nil
    ) {
        self.type = type
        self.attemptNumber = UInt32(clamping: attempt)
        self.time = ago == .zero ? .now : .now.earlier(by: ago)
        self.workerIndex = worker.map { Int16(clamping: $0) } ?? -1
        self.subject = subject
        self.details = details
    }

    /// The id of the engine in which it happened.
    public var engineID: String {
        switch subject {
        case .engine(let engine): engine.id
        case .task(_, let definition, _): definition.uncountedEngine { $0.id }
        case .reader(let engineID): engineID
        }
    }

    /// The task or block that the event is about; nil for events of the engine and of scopes.
    public var task: TaskDescription? {
        guard case .task(let number, let definition, let membership) = subject else { return nil }
        return TaskDescription(of: number, definition, membership)
    }

    /// The number of the task within its engine.
    package var taskNumber: UInt64? {
        guard case .task(let number, _, _) = subject else { return nil }
        return number
    }

    /// The object that all calls of one task share. Keeping it allows a reader to tell definitions apart, and to keep
    /// for each of them what is the same in all of its events.
    package var definition: (any AnyObject & Sendable)? {
        guard case .task(_, let definition, _) = subject else { return nil }
        return definition
    }

    /// Identifies a definition while it exists; after that, another one may get the same address.
    package var definitionID: ObjectIdentifier? {
        guard case .task(_, let definition, _) = subject else { return nil }
        return ObjectIdentifier(definition)
    }

    /// The number of the block to which the task belongs.
    package var blockNumber: UInt64? {
        guard case .task(_, _, let membership) = subject else { return nil }
        return membership?.block?.taskID.number
    }

    /// The id of the workflow to which the event belongs, if any.
    public var workflowID: String? {
        if case .task(_, _, let membership) = subject { return membership?.workflowID }
        switch details {
        case .scope(let workflowID), .custom(_, let workflowID): return workflowID
        case .created, .started, .ended, .progress, .fileProgress, .reused, .dropped, nil: return nil
        }
    }

    /// The resources that the task requests from its backend. Defaults aren't filled in.
    public var request: ResourceRequest? {
        guard case .task(_, let definition, _) = subject else { return nil }
        return definition.options.resources
    }

    /// The tasks whose futures were arguments; only in `taskCreated`.
    public var dependencies: [TaskID] {
        if case .created(let dependencies) = details { dependencies } else { [] }
    }
    /// The error of a task that failed or was cancelled, in `taskFailed`, `taskCancelled` and `taskAttemptFailed`; the
    /// error of a service that ended by itself, in `serviceRestarted` and `serviceStopped`.
    public var error: (any Error)? {
        if case .ended(let error, _, _) = details { error } else { nil }
    }
    /// The number of events dropped before this one because the reader was slow; only in `eventsDropped`.
    public var droppedCount: Int {
        if case .dropped(let count) = details { count } else { 0 }
    }
    /// The time that the task waits before its next attempt, if there is one; only in `taskAttemptFailed`.
    public var retryDelay: Duration? {
        if case .ended(_, _, let retryDelay) = details { retryDelay } else { nil }
    }
    /// The progress of fetching a file; only in `fileProgress`.
    public var fileProgress: FileProgress? {
        if case .fileProgress(let progress) = details { progress } else { nil }
    }
    /// The command and files of the attempt, from its start; for tasks that run commands or have files.
    public var execution: TaskExecution? {
        switch details {
        case .started(_, _, let execution), .ended(_, let execution, _): return execution?.value
        case .scope, .created, .progress, .fileProgress, .custom, .reused, .dropped, nil: return nil
        }
    }
    /// The resources that the last command of the attempt used; in the events that end an attempt.
    public var usage: ResourceUsage? { execution?.usage }
    /// The resources allocated to the attempt; in `taskStarted` of tasks that wait for their turn on a backend.
    public var allocation: ResourceAllocation? {
        if case .started(let allocation, _, _) = details { allocation } else { nil }
    }
    /// The resource for which the task waited after it was queued; in `taskStarted`. Nil if it waited for a free
    /// thread, or not at all.
    public var waitCause: WaitCause? {
        if case .started(_, let waitCause, _) = details { waitCause } else { nil }
    }
    /// The number, from 0, of the engine's thread that began the body; in `taskStarted`, nil if none of them did.
    public var worker: Int? { workerIndex < 0 ? nil : Int(workerIndex) }
    /// The progress that the task reported; only in `taskProgress`.
    public var progress: TaskProgress? {
        if case .progress(let progress) = details { progress } else { nil }
    }
    /// The name and attributes of a custom event; only in `custom`.
    public var custom: CustomEventContent? {
        if case .custom(let custom, _) = details { custom } else { nil }
    }
    /// A description of the recorded call whose value was used; only in `taskReused`.
    public var explanation: String? {
        if case .reused(let explanation) = details { explanation } else { nil }
    }

    /// The task that an event is about.
    public struct TaskDescription: Sendable, Hashable, CustomStringConvertible {
        public let id: TaskID
        public let name: String
        public let kind: TaskKind
        /// The name of the backend that runs it; nil for tasks that the engine itself runs, such as blocks and `map`,
        /// and for tasks that no backend can run.
        public let backend: String?
        /// The id of the block to which it belongs, if any.
        public let blockID: TaskID?

        /// For example `align (task.000042)`.
        public var description: String { "\(name) (\(id))" }

        init(of number: UInt64, _ definition: TaskDefinition, _ membership: Membership?) {
            id = TaskID(engine: definition.uncountedEngine { $0.ordinal }, number: number)
            name = definition.name
            kind = definition.kind
            backend = definition.backend?.name
            blockID = membership?.block?.taskID
        }
    }
}

extension WorkflowEvent: CustomStringConvertible {
    /// For example `taskFailed align (task.000042): command exited with code 1`.
    public var description: String {
        var text = "\(type)"
        if let task {
            text += " \(task)"
        } else if let custom {
            text += " \(custom.name)"
        } else if let workflowID {
            text += " \(workflowID)"
        }
        if attempt > 1 { text += ", attempt \(attempt)" }
        if task != nil, let custom { text += ": \(custom.name)" }
        if let error { text += ": \((error as? any WorkflowError)?.message ?? String(describing: error))" }
        if droppedCount > 0 { text += ": \(droppedCount)" }
        return text
    }
}
