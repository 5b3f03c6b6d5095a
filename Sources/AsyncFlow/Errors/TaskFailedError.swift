/// A task's own body threw, or its command or prompt failed.
public struct TaskFailedError: WorkflowError {
    public let code: WorkflowErrorCode
    public let taskID: TaskID?
    public let taskName: String?
    /// What the body threw, unchanged: `error.cause as? MyError` gives it back.
    public let cause: (any Error)?

    public var message: String { cause.map { String(describing: $0) } ?? "failed" }

    init(_ error: any Error, of task: TaskNode) {
        code = (error as? any WorkflowError)?.code == .emptyPrompt ? .emptyPrompt : .taskFailed
        taskID = task.id
        taskName = task.definition.name
        cause = error
    }
}
