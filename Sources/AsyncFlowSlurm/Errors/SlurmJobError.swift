public import AsyncFlow

/// A failure of a task as a job of Slurm. A command that failed by itself is a `CommandError` instead.
///
/// Its ``code`` is what retry policies look at: `.retry(3, on: .timedOut, .outOfMemory, .workerLost, .preempted)`.
public struct SlurmJobError: WorkflowError, Hashable {
    /// A kind of failure. More may be added.
    public struct Reason: Sendable, Hashable, CustomStringConvertible {
        /// The words for it in messages.
        public let description: String
        let code: WorkflowErrorCode
        let advice: String

        /// The job ran longer than its time limit.
        public static let timeLimit = Reason(
            description: "it reached its time limit", code: .timedOut, advice: "give it more with .slurm(time:)")
        /// The job took more memory than it had asked for.
        public static let outOfMemory = Reason(
            description: "it ran out of memory", code: .outOfMemory, advice: "give it more with .memory(…)")
        /// A node of the job failed, or it couldn't be started there.
        public static let nodeFailure = Reason(
            description: "its node failed", code: .workerLost, advice: "it may succeed when tried again")
        /// The job had to make room for another.
        public static let preempted = Reason(
            description: "it was preempted", code: .preempted, advice: "it may succeed when tried again")
        /// Somebody else cancelled the job.
        public static let cancelledElsewhere = Reason(
            description: "it was cancelled by somebody else", code: .taskFailed,
            advice: "ask whoever administers the cluster")
        /// Slurm refused the job.
        public static let rejected = Reason(
            description: "Slurm refused it", code: .submissionRejected, advice: "change what it asks for")
        /// The controller couldn't be reached for too long; the job will not run.
        public static let unreachable = Reason(
            description: "Slurm's controller didn't answer", code: .backendUnavailable,
            advice: "see whether it can be reached from this machine")
        /// The job began and Slurm doesn't know of it any more; how it ended can't be found out.
        public static let lost = Reason(
            description: "Slurm doesn't know it any more, and it left no result", code: .workerLost,
            advice: "it may have run in part; try it again if that does no harm")
        /// Slurm accepted the job again and again, and forgot it each time before it began.
        public static let forgotten = Reason(
            description: "Slurm accepted it and forgot it before it began", code: .backendUnavailable,
            advice: "see whether the queue lists this user's jobs, and whether the nodes see the run directory")
        /// No allocation for a pilot could be had.
        public static let noPilot = Reason(
            description: "there is no pilot to run it", code: .backendUnavailable,
            advice: "see whether salloc with the same options works on this machine")
        /// The files of the job couldn't be written into the run directory.
        public static let unwritable = Reason(
            description: "its files couldn't be written", code: .backendUnavailable,
            advice: "see whether the work directory has room and may be written to")
        /// The task asks for what this backend can't do.
        public static let unusable = Reason(
            description: "it can't be made a job", code: .invalidOption, advice: "change the task")
    }
    public let reason: Reason
    /// The job's id, as `squeue` shows it; nil if it never had one.
    public let jobID: String?
    /// Slurm's words, or other details; empty if there are none.
    public let detail: String
    /// The end of what the command wrote to its standard error.
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
