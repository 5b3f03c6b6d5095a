public import AsyncFlow
import AsyncFlowBase

/// The worker that ran a task has ended before the task had.
///
/// `.retry(2, on: .workerLost)` tries again, on another worker.
public struct WorkerLostError: WorkflowError, Hashable {
    public let taskID: TaskID?
    public let taskName: String?
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
    /// The first lines that it wrote as it crashed (`Fatal error: …`), if it wrote any; at most 8.
    public let crashMessage: String
    /// The end of what it wrote to its standard error, at most 4 KiB: after a crash most often the end of a backtrace,
    /// if that was asked for.
    public let standardErrorTail: String

    public var code: WorkflowErrorCode { .workerLost }
    public var message: String {
        let task = taskName.map { " '\($0.harmless())'" } ?? ""
        let worker = "worker '\(workerName)' (process \(processID) on \(host))"
        var text = "\(worker) was lost while it ran the task\(task): \(reason)"
        if !crashMessage.isEmpty { text += ": \(crashMessage.harmlessLines())" }
        // What is in one place already isn't repeated.
        let tail = standardErrorTail.trimmingLineEnds
        guard !tail.isEmpty, tail != crashMessage else { return text }
        return "\(text); the end of its standard error:\n\(tail.harmlessLines())"
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

extension String {
    /// Without line ends at the end.
    fileprivate var trimmingLineEnds: String {
        guard let last = utf8.lastIndex(where: { $0 != 10 && $0 != 13 }) else { return "" }
        return String(Substring(utf8[...last]))
    }
}
