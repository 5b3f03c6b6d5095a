/// One row of the queue's answer.
package struct JobRow: Sendable, Hashable {
    /// The id of the array.
    package var arrayID: String
    package var index: Int
    package var name: String
    package var state: JobState
    /// The status of `waitpid`; nil if Slurm doesn't report it.
    package var waitStatus: Int32?
    /// The node that it runs or ran on; nil if it never had one.
    package var node: String?
    package var id: String { "\(arrayID)_\(index)" }

    package init(
        arrayID: String, index: Int, name: String, state: JobState, waitStatus: Int32? = nil, node: String? = nil
    ) {
        self.arrayID = arrayID
        self.index = index
        self.name = name
        self.state = state
        self.waitStatus = waitStatus
        self.node = node
    }
}

/// The state of a Slurm job, as far as it matters here.
package enum JobState: Sendable, Hashable {
    case waiting, running
    case completed, failed, timedOut, outOfMemory, nodeFailed, preempted, cancelled
    /// A state that this version doesn't know. It only tells that the job exists.
    case unknown

    /// - Parameter text: the state as `squeue` or `sacct` write it, such as `CANCELLED by 1000`.
    package init(_ text: Substring) {
        switch text.prefix(while: { $0 != " " && $0 != "+" }) {
        case "PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD",
            "POWER_UP_NODE", "EXPEDITING":
            self = .waiting
        case "RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING": self = .running
        case "COMPLETED": self = .completed
        case "FAILED", "LAUNCH_FAILED": self = .failed
        case "TIMEOUT", "DEADLINE": self = .timedOut
        case "OUT_OF_MEMORY": self = .outOfMemory
        case "NODE_FAIL", "BOOT_FAIL", "RECONFIG_FAIL": self = .nodeFailed
        case "PREEMPTED": self = .preempted
        case "CANCELLED", "REVOKED": self = .cancelled
        default: self = .unknown
        }
    }

    /// Whether the job hasn't ended, as far as is known.
    package var isActive: Bool { self == .waiting || self == .running || self == .unknown }

    /// The reason for a failure in this state; nil if only the command itself can tell.
    var reason: SlurmJobError.Reason? {
        switch self {
        case .timedOut: .timeLimit
        case .outOfMemory: .outOfMemory
        case .nodeFailed: .nodeFailure
        case .preempted: .preempted
        case .cancelled: .cancelledElsewhere
        case .waiting, .running, .unknown, .completed, .failed: nil
        }
    }
}

/// The end of a command.
enum JobEnd: Sendable, Hashable {
    case exited(Int32)
    case signalled(Int32)

    init(waitStatus: Int32) {
        self = waitStatus & 0x7F == 0 ? .exited(waitStatus >> 8 & 0xFF) : .signalled(waitStatus & 0x7F)
    }
}

/// The traces of a job in its files.
enum JobEvidence: Sendable, Hashable {
    /// The job never started.
    case untouched
    /// The job started.
    case claimed
    case ended(JobEnd)
}

/// The end of a task as a job.
enum JobOutcome: Sendable, Hashable {
    case ended(JobEnd, jobID: String?)
    case failed(SlurmJobError.Reason, jobID: String?, detail: String)
    case cancelled
    /// Nothing of a job that another process had submitted is left.
    case gone
}
