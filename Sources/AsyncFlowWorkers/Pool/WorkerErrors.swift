public import AsyncFlow

/// The worker that ran a task has ended before the task had.
///
/// `.retry(2, on: .workerLost)` tries again, on another worker.
public struct WorkerLostError: WorkflowError, Hashable {
    /// The worker's name.
    public let workerName: String
    /// The machine it ran on, and its process id there.
    public let host: String
    public let processID: Int32
    /// What became of it, in words.
    public let reason: String
    /// The signal that ended it, if it is known to be one.
    public let signal: Int32?
    /// The code that it exited with, if it did.
    public let exitCode: Int32?
    /// The end of what it wrote to its standard error: the message of a crash.
    public let standardErrorTail: String

    public var code: WorkflowErrorCode { .workerLost }
    public var taskID: TaskID? { nil }
    public var taskName: String? { nil }
    public var message: String {
        let text = "worker '\(workerName)' (process \(processID) on \(host)) was lost while it ran the task: \(reason)"
        return standardErrorTail.isEmpty ? text : "\(text); the end of its standard error:\n\(standardErrorTail)"
    }
}

/// A pool can't do what it was asked to.
public struct WorkerPoolError: WorkflowError, Hashable {
    public let code: WorkflowErrorCode
    /// The pool's name.
    public let poolName: String
    public let message: String
    public var taskID: TaskID? { nil }
    public var taskName: String? { nil }
}
