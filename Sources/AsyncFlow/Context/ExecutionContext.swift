/// What the code that runs now belongs to: a task's body, or a workflow scope within it or outside any.
///
/// Bound as a task local while an async body or a scope runs, so that structured and unstructured child tasks inherit
/// it. A synchronous body has no Swift task; there the worker knows which task it runs.
enum ExecutionContext: Sendable {
    case task(TaskNode, inside: Membership?)
    case scope(Membership, of: TaskNode?)

    @TaskLocal static var bound: ExecutionContext?
    /// What the body of a task belongs to whose engine is in another process.
    @TaskLocal static var boundSubject: (any TaskSubject)?

    static var current: ExecutionContext? {
        if let bound { return bound }
        guard let task = Worker.current?.currentTask else { return nil }
        return .task(task, inside: task.membership)
    }

    /// The task whose body runs now.
    var task: TaskNode? {
        switch self {
        case .task(let task, _): task
        case .scope(_, let task): task
        }
    }

    var membership: Membership? {
        switch self {
        case .task(_, let membership): membership
        case .scope(let membership, _): membership
        }
    }

    /// The membership that new tasks of an engine inherit here; another engine's scopes and blocks don't count.
    static func currentMembership(in engine: EngineCore) -> Membership? {
        var membership = current?.membership
        while let other = membership, other.engine !== engine { membership = other.enclosing }
        return membership
    }
}
