/// What only events of one kind say. Boxed, so that an event stays small.
indirect enum EventDetails: Sendable {
    /// A workflow scope was entered or left.
    case scope(workflowID: String?)
    /// A task was called.
    case created(dependencies: [TaskID])
    /// An attempt begins.
    case started(allocation: ResourceAllocation?, waitCause: WaitCause?, execution: SharedExecution?)
    /// A task, an attempt or the process of a service has ended.
    case ended(error: (any Error)?, execution: SharedExecution?, retryDelay: Duration?)
    /// A task says how far it is.
    case progress(TaskProgress)
    /// A file that a task waits for has come further.
    case fileProgress(FileProgress)
    /// An event of the user's own, or one that the engine names like one.
    case custom(CustomEventContent, workflowID: String?)
    /// A task has the value of a recorded call.
    case reused(explanation: String)
    /// Events were left out for a slow reader.
    case dropped(count: Int)

    static func ended(_ error: any Error, _ execution: SharedExecution? = nil) -> EventDetails {
        .ended(error: error, execution: execution, retryDelay: nil)
    }
}
