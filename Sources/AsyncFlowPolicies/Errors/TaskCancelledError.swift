/// The error of a task that was cancelled before it had a value.
///
/// Not to be confused with `CancellationError`, which `await future.value` throws when the *awaiting* Swift task is
/// cancelled; the work then continues.
public struct TaskCancelledError: WorkflowError, NestedFailure {
    public var code: WorkflowErrorCode { .cancelled }
    public let taskID: TaskID?
    public let taskName: String?
    public let cause: (any Error)?
    /// The origin of the failure; nil if the cause names no task.
    package let origin: FailureOrigin?
    /// Whether the engine refused the task while it was being drained.
    package let wasRefusedByDrain: Bool
    private let reason: String

    public var message: String {
        origin.flatMap { origin in cause.map { "\(reason): \(origin.text(of: $0))" } } ?? reason
    }

    /// The cause of a cancellation.
    package enum Cause {
        /// `cancel()` was called; the body may have thrown an error after that.
        case requested((any Error)?)
        case dependency(DependencyFailureError.FailedTask)
        case block(TaskID)
        case engineShutDown
        /// The task was called from outside while the engine was being drained.
        case draining
        /// Too many tasks had failed.
        case failurePolicy(String)
        /// The body itself threw a cancellation error.
        case body(any Error)
    }

    package init(_ taskID: TaskID, _ taskName: String, cause: Cause) {
        self.taskID = taskID
        self.taskName = taskName
        (reason, self.cause) = Self.describe(cause)
        if case .draining = cause { wasRefusedByDrain = true } else { wasRefusedByDrain = false }
        if case .body(let error as any NestedFailure) = cause {
            origin = FailureOrigin(of: error)
        } else {
            origin = nil
        }
    }

    private static func describe(_ cause: Cause) -> (reason: String, error: (any Error)?) {
        switch cause {
        case .requested(let error): ("cancelled", error)
        case .dependency(let dependency):
            ("cancelled, because its dependency \(dependency) was", nil)
        case .block(let block): ("cancelled with its block (\(block))", nil)
        case .engineShutDown: ("cancelled, because the engine was shut down", nil)
        case .draining: ("cancelled, because the engine was being shut down when it was called", nil)
        case .failurePolicy(let reason): ("cancelled, because \(reason)", nil)
        case .body(let error) where error is any NestedFailure: ("cancelled by its own body", error)
        case .body(let error): ("cancelled by its own body: \(error)", error)
        }
    }
}
