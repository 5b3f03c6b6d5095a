/// The part of an event that only events of one kind have. Boxed, so that an event stays small.
indirect enum EventDetails: Sendable {
    /// A workflow scope was entered or left.
    case scope(workflowID: String?)
    /// A task was called.
    case created(dependencies: [TaskID])
    /// An attempt begins.
    case started(allocation: ResourceAllocation?, waitCause: WaitCause?, execution: SharedExecution?)
    /// A task, an attempt or the process of a service has ended.
    case ended(error: (any Error)?, execution: SharedExecution?, retryDelay: Duration?)
    /// A task reports its progress.
    case progress(TaskProgress)
    /// The fetching of a file that a task waits for has progressed.
    case fileProgress(FileProgress)
    /// A custom event, or one of the engine's that has a name and attributes like one.
    case custom(CustomEventContent, workflowID: String?)
    /// A task got the value of a recorded call.
    case reused(explanation: String)
    /// Events were dropped for a slow reader.
    case dropped(count: Int)

    static func ended(_ error: any Error, _ execution: SharedExecution? = nil) -> EventDetails {
        .ended(error: error, execution: execution, retryDelay: nil)
    }
}
