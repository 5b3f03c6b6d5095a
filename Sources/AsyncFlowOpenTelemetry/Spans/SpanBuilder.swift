import AsyncFlow
import AsyncFlowTelemetry

/// A builder of spans from events; each span is built when its subject has ended. Its memory is one entry per task and
/// scope that hasn't ended.
struct SpanBuilder {
    private let identity: TraceIdentity
    private let engineID: String
    private let times: UnixTimes
    private var tasks = TaskTable<TaskSpan>()
    private var workflows: [String: OpenWorkflow] = [:]
    /// The spans of ended workflows. A workflow that is entered again gets no second span with the same id.
    private var endedWorkflows: Set<UInt64> = []
    private let start: Int64

    init(_ identity: TraceIdentity, engineID: String, start: EventTime) {
        self.identity = identity
        self.engineID = engineID
        times = UnixTimes()
        self.start = times.nanoseconds(start)
    }

    // MARK: - Events

    mutating func apply(_ event: WorkflowEvent, _ finished: inout [FinishedSpan]) {
        guard let number = event.taskNumber else { return applyToScope(event, &finished) }
        let now = times.nanoseconds(event.time)
        switch event.type {
        case .taskCreated: create(number, event, now)
        case .taskStarted:
            guard let task = open(number, event, now) else { return }
            task.start = now
            task.attempt = max(1, event.attempt)
            if task.firstStart == nil {
                task.firstStart = now
                if let workflow = task.workflow, workflow.start == nil { workflow.start = now }
            }
            task.worker = event.worker
            if let cause = event.waitCause { task.waitCause = cause }
            if let allocation = event.allocation { task.allocation = allocation }
        case .taskAttemptFailed:
            guard let task = open(number, event, now) else { return }
            finished.append(.other(attempt(of: task, event.attempt, end: now, event.error, failed: true)))
            task.start = nil
        case .taskReused: open(number, event, now)?.reused = event.explanation ?? ""
        case .taskCompleted: end(number, event, .completed, now, &finished)
        case .taskFailed: end(number, event, .failed, now, &finished)
        case .taskCancelled: end(number, event, .cancelled, now, &finished)
        case .custom:
            guard let content = event.custom, content.name == ModelAnswer.eventName else { return }
            open(number, event, now)?.add(content.attributes)
        default: break
        }
    }

    private mutating func create(_ number: UInt64, _ event: WorkflowEvent, _ now: Int64) {
        guard let description = event.task else { return }
        let workflowID = event.workflowID
        let (parent, workflow) = place(of: description, workflowID, now)
        let span = TaskSpan(
            number: number, description: description, workflowID: workflowID, created: now, parent: parent)
        span.dependencies = event.dependencies
        span.workflow = workflow
        tasks[number] = span
        workflow?.liveTasks += 1
    }

    /// Returns the task's span, which is created now if the task's creation wasn't observed.
    private mutating func open(_ number: UInt64, _ event: WorkflowEvent, _ now: Int64) -> TaskSpan? {
        if let task = tasks[number] { return task }
        create(number, event, now)
        return tasks[number]
    }

    /// Returns the parent of a task: its scope if that is within its block, or its block if that is within the scope.
    private mutating func place(
        of description: WorkflowEvent.TaskDescription, _ workflowID: String?, _ now: Int64
    ) -> (parent: UInt64, workflow: OpenWorkflow?) {
        let block = description.blockID.map { identity.span(ofTask: $0.number) }
        guard let workflowID else { return (block ?? identity.sessionSpan, nil) }
        let workflow = workflow(workflowID, now)
        if let block, let number = description.blockID?.number, tasks[number]?.workflowID == workflowID {
            return (block, workflow)
        }
        if workflow.parent == nil { workflow.parent = block ?? identity.sessionSpan }
        return (workflow.span, workflow)
    }

    private mutating func workflow(_ id: String, _ now: Int64) -> OpenWorkflow {
        if let workflow = workflows[id] { return workflow }
        let workflow = OpenWorkflow(id, span: identity.span(ofWorkflow: id), at: now)
        workflows[id] = workflow
        return workflow
    }

    private mutating func end(
        _ number: UInt64, _ event: WorkflowEvent, _ outcome: TaskSpan.Outcome, _ now: Int64,
        _ finished: inout [FinishedSpan]
    ) {
        guard let task = open(number, event, now) else { return }
        tasks[number] = nil
        task.end = now
        task.outcome = outcome
        task.error = event.error
        task.usage = event.usage
        if task.attempt > 1, task.start != nil {
            finished.append(
                .other(attempt(of: task, task.attempt, end: now, event.error, failed: outcome != .completed)))
        }
        finished.append(.task(task))
        guard let workflow = task.workflow else { return }
        task.workflow = nil
        workflow.liveTasks -= 1
        workflow.end = now
        if outcome == .failed { workflow.failures += 1 }
        endIfOver(workflow, &finished)
    }

    private func attempt(
        of task: TaskSpan, _ number: Int, end: Int64, _ error: (any Error)?, failed: Bool
    ) -> OtherSpan {
        var span = OtherSpan(
            trace: identity.traceID, span: identity.span(ofTask: task.number, attempt: number),
            parent: identity.span(ofTask: task.number), name: "attempt \(number)", start: task.start ?? end, end: end,
            attributes: [
                Attribute("asyncflow.task_id", task.description.id.description),
                Attribute("asyncflow.attempt", .integer(Int64(number))),
            ])
        if let error {
            let trouble = Trouble(error)
            span.attributes.append(Attribute("error.type", trouble.type))
            span.events = [OtherSpan.Event(name: "exception", time: end, attributes: trouble.attributes)]
            span.status = .error(trouble.message)
        } else {
            span.status = failed ? .error("") : .ok
        }
        return span
    }

    // MARK: - Scopes

    private mutating func applyToScope(_ event: WorkflowEvent, _ finished: inout [FinishedSpan]) {
        guard let id = event.workflowID else { return }
        let now = times.nanoseconds(event.time)
        switch event.type {
        case .scopeStarted:
            let workflow = workflow(id, now)
            workflow.scopes += 1
            workflow.isScope = true
        case .scopeEnded:
            guard let workflow = workflows[id] else { return }
            workflow.scopes -= 1
            if workflow.start == nil { workflow.end = now }
            endIfOver(workflow, &finished)
        default: break
        }
    }

    private mutating func endIfOver(_ workflow: OpenWorkflow, _ finished: inout [FinishedSpan]) {
        if workflow.isScope, workflow.scopes <= 0, workflow.liveTasks <= 0 { end(workflow, &finished) }
    }

    private mutating func end(_ workflow: OpenWorkflow, _ finished: inout [FinishedSpan]) {
        workflows[workflow.id] = nil
        guard endedWorkflows.insert(workflow.span).inserted else { return }
        var span = OtherSpan(
            trace: identity.traceID, span: workflow.span, parent: workflow.parent ?? identity.sessionSpan,
            name: workflow.id,
            start: workflow.start ?? workflow.opened, end: workflow.end,
            attributes: [Attribute("asyncflow.workflow_id", workflow.id)])
        if workflow.failures > 0 {
            let count = workflow.failures == 1 ? "1 task" : "\(workflow.failures) tasks"
            span.status = .error("\(count) of the workflow failed")
        }
        finished.append(.other(span))
    }

    // MARK: - The end

    /// Ends everything that hasn't ended, and returns the remaining spans. No event may follow.
    mutating func finish(at time: EventTime, failures: Int) -> [FinishedSpan] {
        let now = times.nanoseconds(time)
        var finished: [FinishedSpan] = []
        for task in tasks.values {
            task.end = now
            task.workflow = nil
            finished.append(.task(task))
        }
        tasks = TaskTable()
        for workflow in workflows.values.sorted(by: { $0.id < $1.id }) { end(workflow, &finished) }
        var session = OtherSpan(
            trace: identity.traceID, span: identity.sessionSpan, parent: identity.parentSpan ?? 0, name: "session",
            start: start, end: now, attributes: [Attribute("asyncflow.session_id", engineID)])
        if failures > 0 { session.attributes.append(Attribute("asyncflow.failed_tasks", .integer(Int64(failures)))) }
        finished.append(.other(session))
        return finished
    }
}

/// A workflow that hasn't ended. Unchecked because only the builder uses it, on one thread.
final class OpenWorkflow: @unchecked Sendable {
    let id: String
    let span: UInt64
    /// The parent: the block that it was entered in, or the session.
    var parent: UInt64?
    /// The first start of a task and the latest end of one; the scope's own times if it has no tasks.
    var start: Int64?
    var end: Int64
    let opened: Int64
    var liveTasks = 0
    var scopes = 0
    /// Whether it is a scope that is entered and left, not only a name given to tasks.
    var isScope = false
    var failures = 0

    init(_ id: String, span: UInt64, at now: Int64) {
        self.id = id
        self.span = span
        end = now
        opened = now
    }
}

/// A converter of the engine's times into nanoseconds since 1970.
struct UnixTimes: Sendable {
    private let start = Int64(EventTime(nanoseconds: 0).secondsSince1970 * 1e9)

    func nanoseconds(_ time: EventTime) -> Int64 { start + time.nanoseconds }
    var now: Int64 { nanoseconds(.now) }
}
