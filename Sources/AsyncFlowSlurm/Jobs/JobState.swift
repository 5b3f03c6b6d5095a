/// One row of a queue's answer.
package struct JobRow: Sendable, Hashable {
    /// The id of the array.
    package var arrayID: String
    package var index: Int
    package var name: String
    package var state: JobState
    /// As `waitpid` has it, where Slurm tells.
    package var waitStatus: Int32?
    /// Where it runs or ran; nil if it never got that far.
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

/// A state of Slurm's, as far as it matters here.
package enum JobState: Sendable, Hashable {
    case waiting, running
    case completed, failed, timedOut, outOfMemory, nodeFailed, preempted, cancelled

    /// - Parameter text: as `squeue` or `sacct` write it, such as `CANCELLED by 1000`; nil if it is none that is known.
    package init?(_ text: Substring) {
        switch text.prefix(while: { $0 != " " && $0 != "+" }) {
        case "PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD":
            self = .waiting
        case "RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING": self = .running
        case "COMPLETED": self = .completed
        case "FAILED": self = .failed
        case "TIMEOUT", "DEADLINE": self = .timedOut
        case "OUT_OF_MEMORY": self = .outOfMemory
        case "NODE_FAIL", "BOOT_FAIL": self = .nodeFailed
        case "PREEMPTED": self = .preempted
        case "CANCELLED", "REVOKED": self = .cancelled
        default: return nil
        }
    }

    package var isActive: Bool { self == .waiting || self == .running }

    /// Why a job that is in this state failed, if its command didn't fail by itself.
    var reason: SlurmJobError.Reason? {
        switch self {
        case .timedOut: .timeLimit
        case .outOfMemory: .outOfMemory
        case .nodeFailed: .nodeFailure
        case .preempted: .preempted
        case .cancelled: .cancelledElsewhere
        case .waiting, .running, .completed, .failed: nil
        }
    }
}

/// How a command ended.
enum JobEnd: Sendable, Hashable {
    case exited(Int32)
    case signalled(Int32)

    init(waitStatus: Int32) {
        self = waitStatus & 0x7F == 0 ? .exited(waitStatus >> 8 & 0xFF) : .signalled(waitStatus & 0x7F)
    }
}

/// What a job has left in its files.
enum JobEvidence: Sendable, Hashable {
    /// It never began.
    case untouched
    /// It began.
    case claimed
    case ended(JobEnd)
}

/// How a task ended as a job.
enum JobOutcome: Sendable, Hashable {
    case ended(JobEnd, jobID: String?)
    case failed(SlurmJobError.Reason, jobID: String?, detail: String)
    case cancelled
}
