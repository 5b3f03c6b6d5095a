/// One immutable fact about a run. Everything that people look at (log, recordings, traces, progress) reads these.
public struct WorkflowEvent: Sendable {
    /// What happened.
    public let type: EventType
    /// Which attempt of the task it is about, from 1; 0 before the first.
    public var attempt: Int { Int(attemptNumber) }
    /// When, on the one clock of the engine.
    public let time: EventTime

    // Small, and made of what is there anyway: an event is made and handed on several times for each task.
    private let attemptNumber: UInt32
    private let workerIndex: Int16
    private let subject: Subject
    private let details: EventDetails?

    enum Subject: Sendable {
        case engine(EngineCore)
        case task(UInt64, TaskDefinition, Membership?)
        /// No engine: what a reader of events is told about its own reading.
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

    /// The engine that it happened in.
    public var engineID: String {
        switch subject {
        case .engine(let engine): engine.id
        case .task(_, let definition, _): definition.uncountedEngine { $0.id }
        case .reader(let engineID): engineID
        }
    }

    /// The task or block that it is about; nil for events of the engine and of scopes.
    public var task: TaskDescription? {
        guard case .task(let number, let definition, let membership) = subject else { return nil }
        return TaskDescription(of: number, definition, membership)
    }

    /// The number of the task within its engine.
    package var taskNumber: UInt64? {
        guard case .task(let number, _, _) = subject else { return nil }
        return number
    }

    /// What the calls of one task have in common: who keeps it can tell definitions apart by it, and keep for each what
    /// is the same in all of its events.
    package var definition: (any AnyObject & Sendable)? {
        guard case .task(_, let definition, _) = subject else { return nil }
        return definition
    }

    /// Tells definitions apart as long as they exist: another one may come to be at the same address.
    package var definitionID: ObjectIdentifier? {
        guard case .task(_, let definition, _) = subject else { return nil }
        return ObjectIdentifier(definition)
    }

    /// The number of the block that the task is a member of.
    package var blockNumber: UInt64? {
        guard case .task(_, _, let membership) = subject else { return nil }
        return membership?.block?.taskID.number
    }

    /// The workflow that it belongs to, if any.
    public var workflowID: String? {
        if case .task(_, _, let membership) = subject { return membership?.workflowID }
        switch details {
        case .scope(let workflowID), .custom(_, let workflowID): return workflowID
        case .created, .started, .ended, .progress, .fileProgress, .reused, .dropped, nil: return nil
        }
    }

    /// What the task asks its backend for. What it doesn't say isn't there.
    public var request: ResourceRequest? {
        guard case .task(_, let definition, _) = subject else { return nil }
        return definition.options.resources
    }

    /// The tasks whose futures were arguments; in `taskCreated` only.
    public var dependencies: [TaskID] {
        if case .created(let dependencies) = details { dependencies } else { [] }
    }
    /// Why the task failed or was cancelled; in `taskFailed`, `taskCancelled` and `taskAttemptFailed`, and where a
    /// service ended by itself in `serviceRestarted` and `serviceStopped`.
    public var error: (any Error)? {
        if case .ended(let error, _, _) = details { error } else { nil }
    }
    /// How many events were left out before this one because the reader was slow; in `eventsDropped` only.
    public var droppedCount: Int {
        if case .dropped(let count) = details { count } else { 0 }
    }
    /// How long the task waits before its next attempt, if there is one; in `taskAttemptFailed` only.
    public var retryDelay: Duration? {
        if case .ended(_, _, let retryDelay) = details { retryDelay } else { nil }
    }
    /// How far the fetching of a file is; in `fileProgress` only.
    public var fileProgress: FileProgress? {
        if case .fileProgress(let progress) = details { progress } else { nil }
    }
    /// The command and files of the attempt; from its start on, for tasks that run commands or have files.
    public var execution: TaskExecution? {
        switch details {
        case .started(_, _, let execution), .ended(_, let execution, _): return execution?.value
        case .scope, .created, .progress, .fileProgress, .custom, .reused, .dropped, nil: return nil
        }
    }
    /// The resources that the last command of the attempt used; in the events that end an attempt.
    public var usage: ResourceUsage? { execution?.usage }
    /// What the attempt got of the resources; in `taskStarted` of tasks that wait for their turn on a backend.
    public var allocation: ResourceAllocation? {
        if case .started(let allocation, _, _) = details { allocation } else { nil }
    }
    /// What the task waited for after it was queued; in `taskStarted`. Nil if that was a free worker, or nothing.
    public var waitCause: WaitCause? {
        if case .started(_, let waitCause, _) = details { waitCause } else { nil }
    }
    /// Which of the engine's workers, from 0, began the body; in `taskStarted`, nil if none of them did.
    public var worker: Int? { workerIndex < 0 ? nil : Int(workerIndex) }
    /// What the task has said about how far it is; in `taskProgress` only.
    public var progress: TaskProgress? {
        if case .progress(let progress) = details { progress } else { nil }
    }
    /// What the user's own event is called and says; in `custom` only.
    public var custom: CustomEventContent? {
        if case .custom(let custom, _) = details { custom } else { nil }
    }
    /// Which recorded call the value is of; in `taskReused` only.
    public var explanation: String? {
        if case .reused(let explanation) = details { explanation } else { nil }
    }

    /// The task that an event is about.
    public struct TaskDescription: Sendable, Hashable, CustomStringConvertible {
        public let id: TaskID
        public let name: String
        public let kind: TaskKind
        /// The name of the backend that runs it; nil for what the engine itself runs, as blocks and `map`, and for
        /// tasks that no backend can run.
        public let backend: String?
        /// The block that it is a member of, if any.
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
