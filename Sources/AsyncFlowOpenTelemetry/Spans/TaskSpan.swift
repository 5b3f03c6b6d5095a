import AsyncFlow
import AsyncFlowTelemetry

/// The contents of a task's span, collected as its events come. It is small, because there is one for each task that
/// hasn't ended.
///
/// Unchecked because it is built on one thread and never changed after it was passed on.
final class TaskSpan: @unchecked Sendable {
    let number: UInt64
    let description: WorkflowEvent.TaskDescription
    let workflowID: String?
    /// The workflow, until the task has ended.
    var workflow: OpenWorkflow?
    let created: Int64
    /// The span that this one is part of.
    var parent: UInt64
    /// The start of the first attempt; nil before it.
    var firstStart: Int64?
    /// The start of the current attempt; nil between attempts.
    var start: Int64?
    var end: Int64 = 0
    var attempt = 0
    var outcome = Outcome.open
    /// The tasks that this one depends on.
    var dependencies: [TaskID] = []
    var worker: Int?
    var waitCause: WaitCause?
    /// The recorded call whose value the task has; nil if it ran.
    var reused: String?
    var allocation: ResourceAllocation?
    var usage: ResourceUsage?
    var error: (any Error)?
    /// The attributes of its model's answers: the sums of integers such as tokens, and otherwise those of the last
    /// answer.
    private(set) var answer: [String: EventValue]?

    func add(_ answer: [String: EventValue]) {
        self.answer = (self.answer ?? [:]).merging(answer.filter { $0.key.hasPrefix("gen_ai.") }) { before, new in
            if case (.integer(let a), .integer(let b)) = (before, new) { return .integer(a + b) }
            return new
        }
    }

    enum Outcome: UInt8, Sendable {
        /// The export ended before the task did.
        case open
        case completed, failed, cancelled

        // Written out, because finding a case's name by reflection takes longer than writing the rest of the span.
        var text: String {
            switch self {
            case .open: "open"
            case .completed: "completed"
            case .failed: "failed"
            case .cancelled: "cancelled"
            }
        }
    }

    init(
        number: UInt64, description: WorkflowEvent.TaskDescription, workflowID: String?, created: Int64, parent: UInt64
    ) {
        self.number = number
        self.description = description
        self.workflowID = workflowID
        self.created = created
        self.parent = parent
    }
}

/// Any other span: of the run, a workflow scope, an attempt, or the user's own code.
struct OtherSpan: Sendable {
    var trace: TraceID
    var span: UInt64
    /// The span's parent; 0 if it has none.
    var parent: UInt64
    var name: String
    var kind = Kind.internal
    var start: Int64
    var end: Int64
    var attributes: [Attribute] = []
    var events: [Event] = []
    var droppedEvents = 0
    var links: [Link] = []
    var droppedLinks = 0
    var status: Status?

    /// The protocol's `SpanKind`.
    enum Kind: Int, Sendable {
        case `internal` = 1
        case server, client, producer, consumer
    }
    struct Event: Sendable {
        let name: String
        let time: Int64
        let attributes: [Attribute]
    }
    struct Link: Sendable {
        let trace: TraceID
        let span: UInt64
        let attributes: [Attribute]
    }
    enum Status: Sendable, Hashable {
        case ok
        case error(String)
    }
}

enum FinishedSpan: Sendable {
    case task(TaskSpan)
    case other(OtherSpan)
}
