public import AsyncFlow
import AsyncFlowBase

/// The error of a task whose worker ended before the task did.
///
/// `.retry(2, on: .workerLost)` retries it on another worker.
public struct WorkerLostError: WorkflowError, Hashable {
    public let taskID: TaskID?
    public let taskName: String?
    /// The worker's name.
    public let workerName: String
    /// The machine on which the worker ran.
    public let host: String
    /// The worker's process id on that machine.
    public let processID: Int32
    /// A description of how the worker ended.
    public let reason: String
    /// The number of the signal that ended it, if it is known that one did.
    public let signal: Int32?
    /// The code with which it exited, if it did.
    public let exitCode: Int32?
    /// The first lines that it wrote when it crashed (`Fatal error: …`), if it wrote any; at most 8.
    public let crashMessage: String
    /// The end of its standard error, at most 4 KiB: after a crash usually the end of a backtrace, if that was enabled.
    public let standardErrorTail: String

    public var code: WorkflowErrorCode { .workerLost }
    public var message: String {
        let task = taskName.map { " '\($0.harmless())'" } ?? ""
        let worker = "worker '\(workerName)' (process \(processID) on \(host))"
        var text = "\(worker) was lost while it ran the task\(task): \(reason)"
        if !crashMessage.isEmpty { text += ": \(crashMessage.harmlessLines())" }
        // A text that is already in the message isn't repeated.
        let tail = standardErrorTail.trimmingLineEnds
        guard !tail.isEmpty, tail != crashMessage else { return text }
        return "\(text); the end of its standard error:\n\(tail.harmlessLines())"
    }
}

/// The error of a pool that can't do what it was asked to do.
public struct WorkerPoolError: WorkflowError, Hashable {
    public let code: WorkflowErrorCode
    /// The pool's name.
    public let poolName: String
    public let message: String
    public var taskID: TaskID? { nil }
    public var taskName: String? { nil }

    package init(code: WorkflowErrorCode, poolName: String, message: String) {
        self.code = code
        self.poolName = poolName
        self.message = message
    }
}

extension String {
    /// The text without line breaks at its end.
    fileprivate var trimmingLineEnds: String {
        guard let last = utf8.lastIndex(where: { $0 != 10 && $0 != 13 }) else { return "" }
        return String(Substring(utf8[...last]))
    }
}
