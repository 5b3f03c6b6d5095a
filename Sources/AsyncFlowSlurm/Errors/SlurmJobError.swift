public import AsyncFlow

/// A failure of a task as a Slurm job. A command that failed by itself is a `CommandError` instead.
///
/// Retry policies use its ``code``: `.retry(3, on: .timedOut, .outOfMemory, .workerLost, .preempted)`.
public struct SlurmJobError: WorkflowError, Hashable {
    /// A kind of failure. More may be added.
    public struct Reason: Sendable, Hashable, CustomStringConvertible {
        /// The description in messages.
        public let description: String
        let code: WorkflowErrorCode
        let advice: String

        /// The job ran longer than its time limit.
        public static let timeLimit = Reason(
            description: "it reached its time limit", code: .timedOut, advice: "give it more with .slurm(time:)")
        /// The job used more memory than it had requested.
        public static let outOfMemory = Reason(
            description: "it ran out of memory", code: .outOfMemory, advice: "give it more with .memory(…)")
        /// A node of the job failed, or the job couldn't be started there.
        public static let nodeFailure = Reason(
            description: "its node failed", code: .workerLost, advice: "it may succeed when tried again")
        /// The job had to make room for another.
        public static let preempted = Reason(
            description: "it was preempted", code: .preempted, advice: "it may succeed when tried again")
        /// Somebody else cancelled the job.
        public static let cancelledElsewhere = Reason(
            description: "it was cancelled from outside", code: .taskFailed,
            advice: "ask the administrator of the cluster")
        /// Slurm refused the job.
        public static let rejected = Reason(
            description: "Slurm refused it", code: .submissionRejected, advice: "change its request")
        /// The controller couldn't be reached for too long; the job will not run.
        public static let unreachable = Reason(
            description: "Slurm's controller didn't answer", code: .backendUnavailable,
            advice: "check that it can be reached from this machine")
        /// The job started and Slurm no longer knows it; its outcome can't be determined.
        public static let lost = Reason(
            description: "Slurm no longer knows it, and it left no result", code: .workerLost,
            advice: "it may have run in part; try it again if that does no harm")
        /// Slurm accepted the job repeatedly, and forgot it each time before it started.
        public static let forgotten = Reason(
            description: "Slurm accepted it and forgot it before it started", code: .backendUnavailable,
            advice: "check that the queue lists this user's jobs, and that the nodes see the run directory")
        /// No allocation for a pilot was granted.
        public static let noPilot = Reason(
            description: "there is no pilot to run it", code: .backendUnavailable,
            advice: "check that salloc with the same options works on this machine")
        /// The files of the job couldn't be written to the run directory.
        public static let unwritable = Reason(
            description: "its files couldn't be written", code: .backendUnavailable,
            advice: "check that the work directory has room and may be written to")
        /// The task requests something that this backend can't do.
        public static let unusable = Reason(
            description: "it can't run as a job", code: .invalidOption, advice: "change the task")
    }
    public let reason: Reason
    /// The job's id, as `squeue` shows it; nil if it never had one.
    public let jobID: String?
    /// Slurm's message, or other details; empty if there are none.
    public let detail: String
    /// The end of the command's standard error.
    public let standardErrorTail: String

    package init(_ reason: Reason, jobID: String? = nil, detail: String = "", standardErrorTail: String = "") {
        self.reason = reason
        self.jobID = jobID
        self.detail = detail
        self.standardErrorTail = standardErrorTail
    }

    public var code: WorkflowErrorCode { reason.code }
    public var taskID: TaskID? { nil }
    public var taskName: String? { nil }
    public var message: String {
        var text = jobID.map { "Slurm job \($0): \(reason)" } ?? "Slurm: \(reason)"
        if !detail.isEmpty { text += " (\(detail))" }
        text += "; \(reason.advice)"
        if !standardErrorTail.isEmpty { text += "\nstandard error ends with:\n\(standardErrorTail)" }
        return text
    }
}

extension WorkflowErrorCode {
    /// The task had to make room for another one.
    public static let preempted = WorkflowErrorCode("preempted")
    /// The cluster refused the task.
    public static let submissionRejected = WorkflowErrorCode("submissionRejected")
}

extension FailureClass {
    /// The job had to make room for another one.
    public static let preempted = FailureClass("preempted") { ($0 as? any WorkflowError)?.code == .preempted }
    /// The cluster refused the job.
    public static let submissionRejected = FailureClass("submissionRejected") {
        ($0 as? any WorkflowError)?.code == .submissionRejected
    }
}
