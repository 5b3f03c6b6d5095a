/// A task was cancelled before it had a value.
///
/// Not to be confused with `CancellationError`, which `await future.value` throws when the *awaiting* Swift task is
/// cancelled; the work goes on then.
public struct TaskCancelledError: WorkflowError {
    public var code: WorkflowErrorCode { .cancelled }
    public let taskID: TaskID?
    public let taskName: String?
    public let message: String
    public let cause: (any Error)?

    /// Who or what cancelled it.
    enum Cause {
        /// Somebody called `cancel()`; the body may have thrown an error of its own after that.
        case requested((any Error)?)
        case dependency(TaskNode)
        case block(TaskID)
        case engineShutDown
        /// Too many tasks had failed.
        case failurePolicy(String)
        /// The body itself threw a cancellation error.
        case body(any Error)
    }

    init(_ task: TaskNode, cause: Cause) {
        taskID = task.id
        taskName = task.definition.name
        switch cause {
        case .requested(let error):
            message = "cancelled"
            self.cause = error
        case .dependency(let dependency):
            message = "cancelled, because its dependency \(dependency.definition.name) (\(dependency.id)) was"
            self.cause = nil
        case .block(let block):
            message = "cancelled with its block (\(block))"
            self.cause = nil
        case .engineShutDown:
            message = "cancelled, because the engine was shut down"
            self.cause = nil
        case .failurePolicy(let reason):
            message = "cancelled, because \(reason)"
            self.cause = nil
        case .body(let error):
            message = "cancelled by its own body: \(error)"
            self.cause = error
        }
    }
}
