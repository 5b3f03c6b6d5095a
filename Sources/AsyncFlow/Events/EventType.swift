/// The type of an event. New types may be added.
///
/// A task's events come in this order: `taskCreated`, `taskResolved`, `taskQueued`, `taskStarted`, and exactly one of
/// `taskCompleted`, `taskFailed` and `taskCancelled`; a task that never runs has only the first and the last, or the
/// first three and the last. A task with several attempts has `taskAttemptFailed` after each but the last, and then
/// `taskQueued` and possibly `taskStarted` again; one with a fallback has it after the last attempt, too. A fallback
/// has no separate events, unless it is another task. `taskProgress` comes between the start and the end. `taskReused`
/// comes before `taskCompleted`, in place of `taskStarted` or after it.
public struct EventType: Sendable, Hashable, CustomStringConvertible {
    private let code: UInt8
    private init(code: UInt8) { self.code = code }

    public var description: String { Self.names[Int(code)] }

    private static let names = [
        "engineStarted", "engineEnded", "scopeStarted", "scopeEnded", "taskCreated", "taskResolved", "taskQueued",
        "fileProgress", "taskStarted", "taskProgress", "taskAttemptFailed", "taskCompleted", "taskFailed",
        "taskCancelled", "serviceReady", "serviceRestarted", "serviceStopped", "custom", "eventsDropped", "taskReused",
    ]

    /// The engine was made.
    public static let engineStarted = EventType(code: 0)
    /// The engine was shut down and everything in it has ended.
    public static let engineEnded = EventType(code: 1)
    /// A workflow scope was entered.
    public static let scopeStarted = EventType(code: 2)
    /// A workflow scope was left; its tasks may continue.
    public static let scopeEnded = EventType(code: 3)
    /// A task or block was called.
    public static let taskCreated = EventType(code: 4)
    /// All dependencies of the task have values.
    public static let taskResolved = EventType(code: 5)
    /// The task was handed to its backend and waits for its turn.
    public static let taskQueued = EventType(code: 6)
    /// A file for which the task waits is being fetched. If several tasks wait for it, only one is named.
    public static let fileProgress = EventType(code: 7)
    /// The body, command or prompt is running.
    public static let taskStarted = EventType(code: 8)
    /// The task has reported its progress with ``TaskContext/report(_:)``.
    public static let taskProgress = EventType(code: 9)
    /// An attempt failed, and the task continues with another attempt, for which it is queued and started again, or
    /// with its fallback.
    public static let taskAttemptFailed = EventType(code: 10)
    /// The task ended with a value.
    public static let taskCompleted = EventType(code: 11)
    /// The task ended with an error.
    public static let taskFailed = EventType(code: 12)
    /// The task ended cancelled.
    public static let taskCancelled = EventType(code: 13)
    /// The task's service can be used, for the first time or after a restart; ``WorkflowEvent/attempt`` counts its
    /// processes.
    public static let serviceReady = EventType(code: 14)
    /// The process of the service has ended, and another one is being started.
    public static let serviceRestarted = EventType(code: 15)
    /// The service has ended for good; with an error if it wasn't asked to.
    public static let serviceStopped = EventType(code: 16)
    /// A custom event; see ``CustomEvent``.
    public static let custom = EventType(code: 17)
    /// Events were dropped because a reader was too slow; ``WorkflowEvent/droppedCount`` gives their number.
    public static let eventsDropped = EventType(code: 18)
    /// The task got the value that an earlier run recorded; `taskCompleted` follows.
    public static let taskReused = EventType(code: 19)
}
