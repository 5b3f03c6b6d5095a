/// The subject of a ``TaskContext`` that is no node of this process: a service, which must not keep its task alive, or
/// a task whose engine is in another process.
protocol TaskSubject: AnyObject, Sendable {
    /// The definition of its task, if the engine is in this process.
    var localDefinition: TaskDefinition? { get }
    var taskID: TaskID { get }
    var taskName: String { get }
    var engineID: String { get }
    var workflowID: String? { get }
    var blockID: TaskID? { get }
    var attempt: Int { get }
    var allocation: ResourceAllocation? { get }
    /// The variables that tell the body about its task's resources, where ``allocation`` doesn't.
    var environment: [String: String] { get }
    var isCancelled: Bool { get }
    /// Notes that the task started some time ago.
    func reportStarted(ago: Duration)
    /// Passes on a report of the body.
    func tell(_ report: RemoteReport)
}

extension TaskSubject {
    var localDefinition: TaskDefinition? { nil }
    var blockID: TaskID? { nil }
    var allocation: ResourceAllocation? { nil }
    var environment: [String: String] { [:] }
    func reportStarted(ago: Duration) {}
    func tell(_ report: RemoteReport) {}
}
