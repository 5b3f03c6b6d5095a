/// The task that is running, for the code of its body.
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

    /// The task's definition; nil in a worker process, where there is no engine.
    private var definition: TaskDefinition? {
        switch subject {
        case .task(let node): node.definition
        case .elsewhere(let subject): subject.localDefinition
        }
    }

    /// The engine, if it is in this process.
    var localEngine: EngineCore? { definition?.engine }

    var engineCore: EngineCore {
        guard let definition else {
            preconditionFailure("only backends are asked to, and they are where the engine is")
        }
        return definition.engine
    }

    /// The options of the task's definition, if it is in this process.
    var options: TaskOptions? { definition?.options }

    /// Whether the task's command consists of ranks.
    package var isParallel: Bool { options?.isParallel ?? false }

    /// The task to whose body the caller belongs; nil outside of any. Child tasks of an async body, structured or not,
    /// belong to it.
    public static var current: TaskContext? {
        guard let context = ExecutionContext.current, let task = context.task else {
            return ExecutionContext.boundSubject.map(TaskContext.init(of:))
        }
        return TaskContext(task, membership: context.membership)
    }

    /// The task's id.
    public var taskID: TaskID {
        switch subject {
        case .task(let node): node.id
        case .elsewhere(let subject): subject.taskID
        }
    }
    /// The task's name.
    public var taskName: String {
        switch subject {
        case .task(let node): node.definition.name
        case .elsewhere(let subject): subject.taskName
        }
    }
    /// The id of the engine that runs the task.
    public var engineID: String {
        switch subject {
        case .task(let node): node.engine.id
        case .elsewhere(let subject): subject.engineID
        }
    }
    /// The id of the workflow to which the task belongs, if any.
    public var workflowID: String? {
        switch subject {
        case .task: membership?.workflowID
        case .elsewhere(let subject): subject.workflowID
        }
    }
    /// The id of the block to which the task belongs, if any. Not known to a task that runs in another process.
    public var blockID: TaskID? {
        switch subject {
        case .task(let node): node.membership?.block?.taskID
        case .elsewhere(let subject): subject.blockID
        }
    }

    /// The number of the attempt, starting at 1.
    public var attempt: Int {
        switch subject {
        case .task(let node): node.attempt
        case .elsewhere(let subject): subject.attempt
        }
    }
    /// The resources that the task was allocated; nil for a task that needs none. A task that runs in another process
    /// finds them in ``environment``.
    public var resources: ResourceAllocation? {
        switch subject {
        case .task(let node): node.allocation
        case .elsewhere(let subject): subject.allocation
        }
    }

    /// Whether the task, or this attempt of it, has been cancelled and should stop. It works in synchronous bodies too,
    /// which have no Swift task to ask.
    public var isCancelled: Bool {
        switch subject {
        case .task(let node): node.shouldStop
        case .elsewhere(let subject): subject.isCancelled
        }
    }

    /// Throws an error if the task, or this attempt of it, has been cancelled.
    ///
    /// - Throws: `CancellationError` if ``isCancelled`` is true.
    public func checkCancellation() throws {
        if isCancelled { throw CancellationError() }
    }

    /// Reports that the task, which has counted as pending until now, is running. For backends that queue; see
    /// ``Backend/reportsStart``.
    public func reportStarted() { reportStarted(ago: .zero) }

    /// Reports which process or job runs the task's command, as soon as that is known. For backends. May be called
    /// several times: each call adds what earlier calls left open.
    public func reportPlace(_ place: CommandPlace) {
        guard case .task(let node) = subject else { return }
        node.note { $0.place.add(place) }
    }

    /// Reports a start that the backend learned of only later: time limits and run times count from the start itself.
    ///
    /// - Parameter ago: the time since the start, at least 0.
    package func reportStarted(ago: Duration) {
        switch subject {
        case .task(let node): node.begin(ago: ago)
        case .elsewhere(let subject): subject.reportStarted(ago: ago)
        }
    }
}
