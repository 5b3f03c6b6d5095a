import AsyncFlow
import AsyncFlowTelemetry

/// What a task's span needs, gathered as its events come. Small: there is one for each task that hasn't ended.
///
/// Built on one thread, and never changed after it was handed on: hence unchecked.
final class TaskSpan: @unchecked Sendable {
    let number: UInt64
    let description: WorkflowEvent.TaskDescription
    let workflowID: String?
    /// The workflow, until the task has ended.
    var workflow: OpenWorkflow?
    let created: Int64
    /// The span that it is part of.
    var parent: UInt64
    /// When its first attempt began; nil as long as none has.
    var firstStart: Int64?
    /// When its latest attempt began.
    var start: Int64?
    var end: Int64 = 0
    var attempt = 0
    var outcome = Outcome.open
    /// The spans of the tasks that it depends on.
    var dependencies: [TaskID] = []
    var worker: Int?
    var waitCause: WaitCause?
    var allocation: ResourceAllocation?
    var usage: ResourceUsage?
    var error: (any Error)?
    /// What its model's answers say; of several the tokens together, and otherwise what the last one says.
    private(set) var answer: [String: EventValue]?

    func add(_ answer: [String: EventValue]) {
        self.answer = (self.answer ?? [:]).merging(answer.filter { $0.key.hasPrefix("gen_ai.") }) { before, new in
            if case (.integer(let a), .integer(let b)) = (before, new) { return .integer(a + b) }
            return new
        }
    }

    enum Outcome: UInt8, Sendable {
        /// The recording ended before the task did.
        case open
        case completed, failed, cancelled

        // Spelled out: a case's name by reflection takes longer than writing the rest of the span.
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

/// Any other span: of the run, of a workflow scope, of an attempt, or of the user's own code.
struct OtherSpan: Sendable {
    var trace: TraceID
    var span: UInt64
    /// 0 if it has none.
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

    /// `SpanKind` of the protocol.
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
