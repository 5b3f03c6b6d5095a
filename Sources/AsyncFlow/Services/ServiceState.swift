import AsyncFlowBase

/// The state of a service.
public struct ServiceState: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// The service isn't ready yet.
    public static let starting = ServiceState("starting")
    /// The service can be used.
    public static let ready = ServiceState("ready")
    /// The process has ended, and the next one isn't ready yet.
    public static let restarting = ServiceState("restarting")
    /// The service is being stopped; its process hasn't ended.
    public static let stopping = ServiceState("stopping")
    /// The service was stopped, and nothing is left of it.
    public static let stopped = ServiceState("stopped")
    /// The service ended by itself, or was never ready, and isn't restarted.
    public static let failed = ServiceState("failed")
}

/// The error of a service that ended by itself, wasn't ready in time, or was stopped while it was in use.
///
/// It is the cause of the ``TaskFailedError`` of the service's own task, if the service wasn't ready, and of running
/// tasks that used it; tasks that hadn't begun have it as the root cause of a ``DependencyFailureError``.
public struct ServiceFailure: WorkflowError {
    /// The reason of the failure.
    public enum Reason: Sendable, Hashable {
        /// Its process ended before it was ready.
        case endedBeforeReady
        /// Its process ended after it had been ready.
        case ended
        /// It wasn't ready within its start-up time.
        case notReadyInTime(Duration)
        /// It was stopped by ``ServiceHandle/stop()``, or with its block or engine.
        case stopped
        /// A service that it uses failed: the cause.
        case dependencyFailed
    }

    public var code: WorkflowErrorCode { .serviceFailed }
    /// The id of the service's task.
    public let taskID: TaskID?
    /// The service's name.
    public let taskName: String?
    public let reason: Reason
    /// The end of its standard output and error, at most 4 KiB, repaired where it isn't UTF-8.
    public let outputTail: String
    /// The number of times that it had been restarted.
    public let restarts: Int
    /// The error with which its process ended: a ``CommandError``, or nil for exit code 0. Or the failure of the
    /// service that it uses. Nil if it was stopped or wasn't ready in time.
    public let cause: (any Error)?

    /// The exit code, if the process exited by itself.
    public var exitCode: Int32? {
        if let error = cause as? CommandError { return error.exitCode }
        return cause == nil && (reason == .ended || reason == .endedBeforeReady) ? 0 : nil
    }
    /// The number of the signal that ended the process, if one did.
    public var signal: Int32? { (cause as? CommandError)?.signal }

    public var message: String {
        var text =
            switch reason {
            case .endedBeforeReady: "service ended before it was ready: \(end)"
            case .ended: "service ended: \(end)"
            case .notReadyInTime(let limit):
                "service wasn't ready within \(limit.shortText), its startupTimeout; check its output and the "
                    + "condition given as ready:"
            case .stopped: "service was stopped"
            case .dependencyFailed: "service was stopped, because one that it uses failed: \(end)"
            }
        if restarts > 0 { text += " (after \(restarts) restarts)" }
        if !outputTail.isEmpty { text += "\n  its output ends with:\n\(outputTail)" }
        return text
    }

    private var end: String {
        guard let cause else { return "it exited with code 0" }
        return String(describing: cause)
    }
}
