#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// One immutable fact about a run. Everything that people look at (log, recordings, traces, progress) reads these.
public struct WorkflowEvent: Sendable {
    /// What happened.
    public let type: EventType
    /// When, on the one clock of the engine.
    public let time: EventTime
    /// The engine that it happened in.
    public let engineID: String
    /// The task or block that it is about; nil for events of the engine and of scopes.
    public let task: TaskDescription?
    /// The tasks whose futures were arguments; in `taskCreated` and `blockCreated` only.
    public let dependencies: [TaskID]
    /// Why the task failed or was cancelled; in `taskFailed` and `taskCancelled`, and where a service
    /// ended by itself in `serviceRestarted` and `serviceStopped`.
    public let error: (any Error)?
    /// The workflow that it belongs to, if any.
    public let workflowID: String?
    /// How many events were left out before this one because the reader was slow; in `eventsDropped` only.
    public let droppedCount: Int
    /// Which attempt of the task it is about, from 1; 0 before the first.
    public let attempt: Int
    /// How long the task waits before its next attempt, if there is one; in `taskAttemptFailed` only.
    public let retryDelay: Duration?
    /// How far the fetching of a file is; in `fileProgress` only.
    public let fileProgress: FileProgress?

    /// The task that an event is about.
    public struct TaskDescription: Sendable, Hashable {
        public let id: TaskID
        public let name: String
        public let kind: TaskKind
        /// The name of the backend that runs it; nil for what the engine itself runs, as blocks and `map`, and for tasks
        /// that no backend can run.
        public let backend: String?
        /// The block that it is a member of, if any.
        public let blockID: TaskID?
    }

    init(
        _ type: EventType, engineID: String, task: TaskDescription? = nil, dependencies: [TaskID] = [],
        error: (any Error)? = nil, workflowID: String? = nil, droppedCount: Int = 0, attempt: Int = 0,
        retryDelay: Duration? = nil, fileProgress: FileProgress? = nil
    ) {
        self.type = type
        self.time = .now
        self.engineID = engineID
        self.task = task
        self.dependencies = dependencies
        self.error = error
        self.workflowID = workflowID
        self.droppedCount = droppedCount
        self.attempt = attempt
        self.retryDelay = retryDelay
        self.fileProgress = fileProgress
    }
}

/// What an event says. New types may be added.
///
/// A task's events come in this order: `taskCreated`, `taskResolved`, `taskQueued`, `taskStarted`, and exactly one of
/// `taskCompleted`, `taskFailed` and `taskCancelled`; a task that never runs has the first and the last only, or the
/// first three and the last. A task with several attempts has `taskAttemptFailed` after each but the last, and then
/// `taskQueued` and maybe `taskStarted` again; one with a fallback has it after the last, too. A fallback has no events of its
/// own, unless it is another task.
public struct EventType: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// The engine was made.
    public static let engineStarted = EventType("engineStarted")
    /// The engine was shut down and everything of it has ended.
    public static let engineEnded = EventType("engineEnded")
    /// A workflow scope was entered.
    public static let scopeStarted = EventType("scopeStarted")
    /// A workflow scope was left; its tasks may go on.
    public static let scopeEnded = EventType("scopeEnded")
    /// A task or block was called.
    public static let taskCreated = EventType("taskCreated")
    /// All dependencies of the task have a value.
    public static let taskResolved = EventType("taskResolved")
    /// The task was handed to its backend and waits for its turn.
    public static let taskQueued = EventType("taskQueued")
    /// A file that the task waits for is being fetched. Of several tasks that wait for it, one is named.
    public static let fileProgress = EventType("fileProgress")
    /// The body, command or prompt is being executed.
    public static let taskStarted = EventType("taskStarted")
    /// An attempt failed, and the task goes on: with another attempt, for which it is queued and started again, or with its
    /// fallback.
    public static let taskAttemptFailed = EventType("taskAttemptFailed")
    /// The task ended with a value.
    public static let taskCompleted = EventType("taskCompleted")
    /// The task ended with an error.
    public static let taskFailed = EventType("taskFailed")
    /// The task ended cancelled.
    public static let taskCancelled = EventType("taskCancelled")
    /// The service of the task can be used, for the first time or after a restart; ``WorkflowEvent/attempt`` counts its
    /// processes.
    public static let serviceReady = EventType("serviceReady")
    /// The process of the service has ended, and another one is started.
    public static let serviceRestarted = EventType("serviceRestarted")
    /// The service has ended for good; with an error if nobody had asked it to.
    public static let serviceStopped = EventType("serviceStopped")
    /// A reader was too slow: so many events were left out for it.
    public static let eventsDropped = EventType("eventsDropped")
}

/// A point in time on the clock that doesn't jump, with the wall-clock time that belongs to it.
public struct EventTime: Sendable, Hashable, Comparable {
    /// For durations: the difference of two is exact whatever happens to the wall clock.
    public let instant: ContinuousClock.Instant

    /// Seconds since 1970-01-01 00:00 UTC; derived from ``instant``, so it never runs backwards within a process.
    public var secondsSince1970: Double {
        let elapsed = instant - Self.anchor.instant
        let parts = elapsed.components
        return Self.anchor.seconds + Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
    }

    static var now: EventTime { EventTime(instant: .now) }

    public static func < (a: EventTime, b: EventTime) -> Bool { a.instant < b.instant }

    private static let anchor = (instant: ContinuousClock.now, seconds: Date().timeIntervalSince1970)
}
