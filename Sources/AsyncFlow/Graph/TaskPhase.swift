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
/// `waiting` covers everything before a body begins: unresolved dependencies, waiting for a thread or for resources,
/// and the pause before another attempt. `dispatched` is a task that its backend has but hasn't begun, such as a
/// command that waits for a process slot. `announcing` keeps the events of a task in order: a cancellation that comes
/// in the meantime takes effect, and is announced, afterwards. The phase determines which caller owns the next step;
/// the outcome may be read once the observer list is closed, a moment later.
@usableFromInline
enum TaskPhase: UInt8, CaseIterable, AtomicRepresentable, Sendable {
    case waiting, announcing, announcingCancelled, dispatched, running, cancelling, done, failed, cancelled

    /// The next step of the caller of an event.
    enum Action: Equatable {
        /// Run the body: this caller, and no other, owns it.
        case run
        /// Queue the task for its turn.
        case queue
        /// Tell the readers of events what has just happened to the task.
        case announce
        /// Write the error and end the task: this caller, and no other, owns its end.
        case end
        /// Tell the running body that it is cancelled; it ends the task when it has stopped.
        case interrupt
        /// The task is cancelled, but ends only after the current announcement.
        case endSoon
        /// End the task with the outcome of its body.
        case keepOutcome
        /// Drop the outcome of the body, because the task was cancelled while it ran, and end the task as cancelled.
        case dropOutcome
        /// Do nothing: another event came first.
        case nothing
    }

    @usableFromInline var isTerminal: Bool {
        switch self {
        case .waiting, .announcing, .announcingCancelled, .dispatched, .running, .cancelling: false
        case .done, .failed, .cancelled: true
        }
    }

    /// Notes that all dependencies have ended and that readers of events have to be notified.
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

    /// Notes that readers of events have been notified.
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

    /// Notes that a thread takes the task to run its body.
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

    /// Notes that a thread hands the task to a backend that has a queue.
    mutating func dispatch() -> Action {
        let action = start()
        if action == .run { self = .dispatched }
        return action
    }

    /// Returns the task to the queue, because its outcome was looked up before its turn and isn't known.
    mutating func returnToQueue() -> Action {
        switch self {
        case .dispatched:
            self = .waiting
            return .queue
        case .waiting, .announcing, .announcingCancelled, .running, .cancelling, .done, .failed, .cancelled:
            return .nothing
        }
    }

    /// Notes that the backend begins a task that was dispatched to it.
    mutating func begin() -> Action {
        switch self {
        case .dispatched:
            self = .running
            return .announce
        case .waiting, .announcing, .announcingCancelled, .running, .cancelling, .done, .failed, .cancelled:
            return .nothing
        }
    }

    /// Notes that the task is cancelled by its user, its block, or its engine.
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

    /// Notes that the task can't run: a dependency failed or was cancelled, or the engine refused it.
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

    /// Notes that readers of events have to be notified of an attempt that has ended without ending the task, or of
    /// another one that is queued.
    mutating func announceAttempt() -> Action {
        switch self {
        case .waiting, .dispatched, .running:
            self = .announcing
            return .announce
        case .announcing, .announcingCancelled, .cancelling, .done, .failed, .cancelled: return .nothing
        }
    }

    /// Notes that the body returned, threw, or stopped because it was cancelled.
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

/// The state of a task, as its user sees it.
public struct TaskState: Sendable, Hashable, CustomStringConvertible {
    private enum Value: String { case pending, running, done, failed, cancelled }
    private let value: Value
    public var description: String { value.rawValue }

    /// The task hasn't begun: it waits for dependencies, for its turn or for a free thread.
    public static let pending = TaskState(value: .pending)
    /// The body, command or prompt is running.
    public static let running = TaskState(value: .running)
    /// The task ended with a value.
    public static let done = TaskState(value: .done)
    /// The task ended with an error, its own or that of a dependency.
    public static let failed = TaskState(value: .failed)
    /// The task ended because it, its block, its engine or one of its dependencies was cancelled.
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
        // Nothing can change that; readers of events will learn of it in a moment.
        case .cancelled, .announcingCancelled: self = .cancelled
        }
    }
}
