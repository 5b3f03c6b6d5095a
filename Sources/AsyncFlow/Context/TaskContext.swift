/// Which task runs here, for the code of its body.
///
/// ```swift
/// let search = flow.functionTask("search") { (limit: Int) in
///     for candidate in 0..<limit {
///         try TaskContext.current?.checkCancellation()
///         …
///     }
/// }
/// ```
public struct TaskContext: Sendable {
    enum Subject {
        case task(TaskNode)
        case elsewhere(any TaskSubject)
    }
    let subject: Subject
    private let membership: Membership?

    init(_ node: TaskNode, membership: Membership? = nil) {
        subject = .task(node)
        self.membership = membership ?? node.membership
    }

    init(of subject: any TaskSubject) {
        self.subject = .elsewhere(subject)
        membership = nil
    }

    /// The task whose body runs here.
    var node: TaskNode {
        guard case .task(let node) = subject else { preconditionFailure("only backends see the context of a service") }
        return node
    }

    /// Nil in a worker, where nothing of the engine is.
    private var definition: TaskDefinition? {
        switch subject {
        case .task(let node): node.definition
        case .elsewhere(let subject): subject.localDefinition
        }
    }

    /// The engine, if that is in this process.
    var localEngine: EngineCore? { definition?.engine }

    var engineCore: EngineCore {
        guard let definition else {
            preconditionFailure("only backends are asked to, and they are where the engine is")
        }
        return definition.engine
    }

    /// What its definition says, if that is in this process.
    var options: TaskOptions? { definition?.options }

    /// Whether a command consists of ranks.
    package var isParallel: Bool { options?.isParallel ?? false }

    /// The task whose body the caller is part of, or nil outside of any. Child tasks of an async body, structured or
    /// not, count as part of it.
    public static var current: TaskContext? {
        guard let context = ExecutionContext.current, let task = context.task else {
            return ExecutionContext.boundSubject.map(TaskContext.init(of:))
        }
        return TaskContext(task, membership: context.membership)
    }

    /// The running task's id.
    public var taskID: TaskID {
        switch subject {
        case .task(let node): node.id
        case .elsewhere(let subject): subject.taskID
        }
    }
    /// The running task's name.
    public var taskName: String {
        switch subject {
        case .task(let node): node.definition.name
        case .elsewhere(let subject): subject.taskName
        }
    }
    /// The engine that runs it.
    public var engineID: String {
        switch subject {
        case .task(let node): node.engine.id
        case .elsewhere(let subject): subject.engineID
        }
    }
    /// The id of the workflow that it belongs to, if any.
    public var workflowID: String? {
        switch subject {
        case .task: membership?.workflowID
        case .elsewhere(let subject): subject.workflowID
        }
    }
    /// The block that it is a member of, if any. Not known to a task that runs in another process than its engine.
    public var blockID: TaskID? {
        switch subject {
        case .task(let node): node.membership?.block?.taskID
        case .elsewhere(let subject): subject.blockID
        }
    }

    /// Which attempt of the task this is, from 1.
    public var attempt: Int {
        switch subject {
        case .task(let node): node.attempt
        case .elsewhere(let subject): subject.attempt
        }
    }
    /// What the task got of the resources that it asked for; nil for a task that needs none. A task that runs in
    /// another process than its engine finds it in ``environment``.
    public var resources: ResourceAllocation? {
        switch subject {
        case .task(let node): node.allocation
        case .elsewhere(let subject): subject.allocation
        }
    }

    /// Whether the task, or this attempt of it, has been cancelled and should stop. Works in synchronous bodies too,
    /// which have no Swift task that could be asked.
    public var isCancelled: Bool {
        switch subject {
        case .task(let node): node.shouldStop
        case .elsewhere(let subject): subject.isCancelled
        }
    }

    /// - Throws: `CancellationError` if the task has been cancelled.
    public func checkCancellation() throws {
        if isCancelled { throw CancellationError() }
    }

    /// For backends that queue (see ``Backend/reportsStart``): says that the task, which counted as pending until now,
    /// is being executed.
    public func reportStarted() { reportStarted(ago: .zero) }

    /// For backends: says which process or job the task's command is, as soon as that is known. May be called several
    /// times: each call adds what the ones before left open.
    public func reportPlace(_ place: CommandPlace) {
        guard case .task(let node) = subject else { return }
        node.note { $0.place.add(place) }
    }

    /// The same for a backend that hears of a start only some time later: time limits and run times count from the
    /// start itself.
    ///
    /// - Parameter ago: the time since then, at least 0.
    package func reportStarted(ago: Duration) {
        switch subject {
        case .task(let node): node.begin(ago: ago)
        case .elsewhere(let subject): subject.reportStarted(ago: ago)
        }
    }
}
