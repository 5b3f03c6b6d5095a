public import Synchronization

/// The life of one task as a pure state machine: events in, actions out.
///
/// ```
/// waiting ──start──────────────▶ running ──finish──▶ done | failed | cancelled
///    │ └─dispatch─▶ dispatched ─begin─┘└─cancel─▶ cancelling ──finish──▶ cancelled
///    ├──giveUp──▶ failed | cancelled
///    └─announce─▶ announcing ──announced──▶ waiting      (only if somebody reads every event)
///                    └─cancel─▶ announcingCancelled ──announced──▶ cancelled
/// waiting | dispatched | running ──announceAttempt──▶ announcing      (between two attempts of a task)
/// dispatched ──returnToQueue──▶ waiting      (its outcome was looked up before its turn, and isn't known)
/// ```
///
/// `waiting` covers everything before a body begins: unresolved dependencies, waiting for a worker or for resources,
/// and the pause before another attempt. `dispatched` is a task that its backend has, but hasn't begun: a command that
/// waits for a process slot. `announcing` keeps the events of a task in order: a cancellation that comes meanwhile
/// takes effect, and is told, afterwards. The phase says who owns the next step; that the outcome may be read is said
/// by the closing of the observer list, a moment later.
@usableFromInline
enum TaskPhase: UInt8, CaseIterable, AtomicRepresentable, Sendable {
    case waiting, announcing, announcingCancelled, dispatched, running, cancelling, done, failed, cancelled

    /// What the caller of an event has to do next.
    enum Action: Equatable {
        /// Run the body: this caller, and nobody else, owns it.
        case run
        /// Have the task wait for its turn.
        case queue
        /// Tell the readers of events what has just happened to the task.
        case announce
        /// Write the error and end the task: this caller, and nobody else, owns its end.
        case end
        /// Tell the running body that it is cancelled; it ends the task when it has stopped.
        case interrupt
        /// The task is cancelled as soon as what is being told of it has been told.
        case endSoon
        /// End the task with the outcome of its body.
        case keepOutcome
        /// The task was cancelled while its body ran: the outcome is dropped, the task ends cancelled.
        case dropOutcome
        /// Another event came first; there is nothing left to do.
        case nothing
    }

    @usableFromInline var isTerminal: Bool {
        switch self {
        case .waiting, .announcing, .announcingCancelled, .dispatched, .running, .cancelling: false
        case .done, .failed, .cancelled: true
        }
    }

    /// All dependencies have ended, and readers of events have to be told so.
    mutating func announce() -> Action {
        switch self {
        case .waiting:
            self = .announcing
            return .announce
        case .done, .failed, .cancelled: return .nothing
        case .announcing, .announcingCancelled, .dispatched, .running, .cancelling:
            preconditionFailure("a task became ready twice")
        }
    }

    /// They have been told.
    mutating func announced() -> Action {
        switch self {
        case .announcing:
            self = .waiting
            return .nothing
        case .announcingCancelled:
            self = .cancelled
            return .end
        case .waiting, .dispatched, .running, .cancelling, .done, .failed, .cancelled:
            preconditionFailure("nothing was being announced")
        }
    }

    /// A worker takes the task to run its body.
    mutating func start() -> Action {
        switch self {
        case .waiting:
            self = .running
            return .run
        case .done, .failed, .cancelled: return .nothing
        case .announcing, .announcingCancelled, .dispatched, .running, .cancelling:
            preconditionFailure("a task was started twice")
        }
    }

    /// A worker hands the task to a backend that has a queue of its own.
    mutating func dispatch() -> Action {
        let action = start()
        if action == .run { self = .dispatched }
        return action
    }

    /// The body was only run to find out whether its outcome is known, and it isn't: the task waits for its turn.
    mutating func returnToQueue() -> Action {
        switch self {
        case .dispatched:
            self = .waiting
            return .queue
        case .waiting, .announcing, .announcingCancelled, .running, .cancelling, .done, .failed, .cancelled:
            return .nothing
        }
    }

    /// The backend begins with what it was handed.
    mutating func begin() -> Action {
        switch self {
        case .dispatched:
            self = .running
            return .announce
        case .waiting, .announcing, .announcingCancelled, .running, .cancelling, .done, .failed, .cancelled:
            return .nothing
        }
    }

    /// The task is cancelled by a person, its block, or its engine.
    mutating func cancel() -> Action {
        switch self {
        case .waiting:
            self = .cancelled
            return .end
        case .announcing:
            self = .announcingCancelled
            return .endSoon
        case .dispatched, .running:
            self = .cancelling
            return .interrupt
        case .announcingCancelled, .cancelling, .done, .failed, .cancelled: return .nothing
        }
    }

    /// The task can't run: a dependency failed or was cancelled, or the engine refused it.
    ///
    /// - Parameter end: `.failed` or `.cancelled`.
    mutating func giveUp(as end: TaskPhase) -> Action {
        switch self {
        case .waiting:
            self = end
            return .end
        case .announcing, .announcingCancelled, .dispatched, .running, .cancelling, .done, .failed, .cancelled:
            return .nothing
        }
    }

    /// Readers of events have to be told that an attempt has ended without deciding how the task ends, or that another
    /// one is queued.
    mutating func announceAttempt() -> Action {
        switch self {
        case .waiting, .dispatched, .running:
            self = .announcing
            return .announce
        case .announcing, .announcingCancelled, .cancelling, .done, .failed, .cancelled: return .nothing
        }
    }

    /// The body returned, threw, or stopped because it was cancelled.
    ///
    /// - Parameter end: `.done`, `.failed` or `.cancelled`.
    mutating func finish(as end: TaskPhase) -> Action {
        switch self {
        case .dispatched, .running:
            self = end
            return .keepOutcome
        case .cancelling:
            self = .cancelled
            return .dropOutcome
        case .waiting, .announcing, .announcingCancelled, .done, .failed, .cancelled:
            preconditionFailure("a task that isn't running finished")
        }
    }
}

/// Where a task is in its life, as its user sees it.
public struct TaskState: Sendable, Hashable, CustomStringConvertible {
    private enum Value: String { case pending, running, done, failed, cancelled }
    private let value: Value
    public var description: String { value.rawValue }

    /// Not begun: waiting for dependencies or for a free worker.
    public static let pending = TaskState(value: .pending)
    /// The body, command or prompt is being executed.
    public static let running = TaskState(value: .running)
    /// Ended with a value.
    public static let done = TaskState(value: .done)
    /// Ended with an error, its own or that of a dependency.
    public static let failed = TaskState(value: .failed)
    /// Ended because it, its block, its engine or one of its dependencies was cancelled.
    public static let cancelled = TaskState(value: .cancelled)

    /// Whether the state is final: ``done``, ``failed`` or ``cancelled``.
    public var isTerminal: Bool {
        switch value {
        case .pending, .running: false
        case .done, .failed, .cancelled: true
        }
    }

    private init(value: Value) { self.value = value }

    init(_ phase: TaskPhase) {
        switch phase {
        case .waiting, .announcing, .dispatched: self = .pending
        case .running, .cancelling: self = .running
        case .done: self = .done
        case .failed: self = .failed
        // Nothing can change that any more; readers of events learn of it in a moment.
        case .cancelled, .announcingCancelled: self = .cancelled
        }
    }
}
