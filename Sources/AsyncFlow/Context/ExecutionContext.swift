/// The task and the workflow scope to which the running code belongs: a task's body, or a scope within or outside one.
///
/// It is bound as a task local while an async body or a scope runs, so that structured and unstructured child tasks
/// inherit it. A synchronous body has no Swift task; there, the thread knows which task it runs.
enum ExecutionContext: Sendable {
    case task(TaskNode, inside: Membership?)
    case scope(Membership, of: TaskNode?)

    @TaskLocal static var bound: ExecutionContext?
    /// The task to which the running code belongs, if its engine is in another process.
    @TaskLocal static var boundSubject: (any TaskSubject)?

    static var current: ExecutionContext? {
        if let bound { return bound }
        guard let task = Worker.current?.currentTask else { return nil }
        return .task(task, inside: task.membership)
    }

    /// The task whose body is running.
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

    /// Returns the membership that new tasks of an engine inherit here; scopes and blocks of other engines don't count.
    static func currentMembership(in engine: EngineCore) -> Membership? {
        var membership = current?.membership
        while let other = membership, other.engine !== engine { membership = other.enclosing }
        return membership
    }
}
