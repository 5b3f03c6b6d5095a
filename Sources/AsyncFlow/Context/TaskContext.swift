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
    let node: TaskNode
    private let membership: Membership?

    init(_ node: TaskNode, membership: Membership? = nil) {
        self.node = node
        self.membership = membership ?? node.membership
    }

    /// The task whose body the caller is part of, or nil outside of any. Child tasks of an async body, structured or
    /// not, count as part of it.
    public static var current: TaskContext? {
        guard let context = ExecutionContext.current, let task = context.task else { return nil }
        return TaskContext(task, membership: context.membership)
    }

    /// The running task's id.
    public var taskID: TaskID { node.id }
    /// The running task's name.
    public var taskName: String { node.definition.name }
    /// The engine that runs it.
    public var engineID: String { node.engine.id }
    /// The id of the workflow that it belongs to, if any.
    public var workflowID: String? { membership?.workflowID }
    /// The block that it is a member of, if any.
    public var blockID: TaskID? { node.membership?.block?.taskID }

    /// Which attempt of the task this is, from 1.
    public var attempt: Int { node.attempt }
    /// What the task got of the resources that it asked for; nil for a task that needs none.
    public var resources: ResourceAllocation? { (node as? ManagedTaskNode)?.allocation }

    /// Whether the task, or this attempt of it, has been cancelled and should stop. Works in synchronous bodies too, which have no Swift task
    /// that could be asked.
    public var isCancelled: Bool { node.shouldStop }

    /// - Throws: `CancellationError` if the task has been cancelled.
    public func checkCancellation() throws {
        if isCancelled { throw CancellationError() }
    }

    /// For backends that queue (see ``Backend/reportsStart``): says that the task, which counted as pending until now, is
    /// being executed.
    public func reportStarted() { node.begin() }
}
