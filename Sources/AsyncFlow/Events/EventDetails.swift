/// What only some events say.
final class EventDetails: Sendable {
    let workflowID: String?
    let dependencies: [TaskID]
    let error: (any Error)?
    let droppedCount: Int
    let retryDelay: Duration?
    let fileProgress: FileProgress?
    let execution: SharedExecution?
    let allocation: ResourceAllocation?
    let waitCause: WaitCause?
    let progress: TaskProgress?
    let custom: CustomEventContent?
    let explanation: String?

    init(
        workflowID: String? = nil, dependencies: [TaskID] = [], error: (any Error)? = nil, droppedCount: Int = 0,
        retryDelay: Duration? = nil, fileProgress: FileProgress? = nil, execution: SharedExecution? = nil,
        allocation: ResourceAllocation? = nil, waitCause: WaitCause? = nil, progress: TaskProgress? = nil,
        custom: CustomEventContent? = nil, explanation: String? = nil
    ) {
        self.workflowID = workflowID
        self.dependencies = dependencies
        self.error = error
        self.droppedCount = droppedCount
        self.retryDelay = retryDelay
        self.fileProgress = fileProgress
        self.execution = execution
        self.allocation = allocation
        self.waitCause = waitCause
        self.progress = progress
        self.custom = custom
        self.explanation = explanation
    }
}
