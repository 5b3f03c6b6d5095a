import AsyncFlow
import AsyncFlowBase
import AsyncFlowTelemetry
import Tracing

/// The spans of one engine in the program's own tracer.
///
/// A task's span begins on the thread that runs its body, because the body needs it, and is ended by the reader of
/// events.
final class HostSpans: Sendable {
    private let tracer: any Tracer
    private let session: any Tracing.Span
    private let tasks = Lock<[UInt64: any Tracing.Span]>([:])
    /// Also held while a workflow's span is started, because two tasks that start at once must get the same span. A
    /// tracer never calls back into this code at that point.
    private let workflows = Lock<[String: any Tracing.Span]>([:])

    init(_ tracer: any Tracer, engineID: String) {
        self.tracer = tracer
        session = tracer.startSpan("session", context: .current ?? .topLevel)
        session.attributes["asyncflow.session_id"] = engineID
    }

    /// Returns the context that a task's code runs in, starting its span if necessary.
    func context(of task: TaskContext) -> ServiceContext {
        let number = task.taskID.number
        if let span = tasks.withLock({ $0[number] }) { return span.context }
        let parent = parent(block: task.blockID?.number, workflowID: task.workflowID)
        let span: any Tracing.Span = tracer.startSpan(task.taskName, context: parent, ofKind: .internal)
        tasks.withLock { $0[number] = span }
        return span.context
    }

    private func parent(block: UInt64?, workflowID: String?) -> ServiceContext {
        let blockSpan = block.flatMap { number in tasks.withLock { $0[number] } }
        let outer = blockSpan?.context ?? session.context
        // A block's span has its workflow's id, so a task in the same workflow belongs to the block.
        guard let workflowID, blockSpan?.attributes.get("asyncflow.workflow_id") != .string(workflowID) else {
            return outer
        }
        return workflows.withLock { workflows in
            if let span = workflows[workflowID] { return span.context }
            let span: any Tracing.Span = tracer.startSpan("\(workflowID)", context: outer, ofKind: .internal)
            span.attributes["asyncflow.workflow_id"] = workflowID
            workflows[workflowID] = span
            return span.context
        }
    }

    /// Notes the workflow of a block, because the block's code may call tasks before the reader has seen it.
    func note(_ task: TaskContext) {
        guard let workflowID = task.workflowID else { return }
        tasks.withLock { $0[task.taskID.number] }?.attributes["asyncflow.workflow_id"] = workflowID
    }

    /// Returns the environment variables that the tracer passes to other programs.
    func environment(of task: TaskContext) -> [String: String] {
        var environment: [String: String] = [:]
        tracer.inject(context(of: task), into: &environment, using: EnvironmentInjector())
        return environment
    }

    /// Ends the span of a task. If the task never began, its span is created first.
    func end(_ task: TaskSpan) {
        let known = tasks.withLock { $0.removeValue(forKey: task.number) }
        let span =
            known
            ?? tracer.startSpan(
                task.description.name,
                context: parent(block: task.description.blockID?.number, workflowID: task.workflowID),
                ofKind: .internal, at: HostInstant(task.firstStart ?? task.created))
        span.updateAttributes { attributes in
            attributes["asyncflow.task_id"] = task.description.id.description
            attributes["asyncflow.task_type"] = task.description.kind.description
            attributes["asyncflow.status"] = task.outcome.text
            if let backend = task.description.backend { attributes["asyncflow.backend"] = backend }
            if let workflowID = task.workflowID { attributes["asyncflow.workflow_id"] = workflowID }
            if task.attempt > 1 { attributes["asyncflow.attempt"] = task.attempt }
            for (name, value) in task.answer ?? [:] {
                switch value {
                case .string(let text): attributes[name] = text
                case .integer(let count): attributes[name] = count
                case .number(let number): attributes[name] = number
                case .boolean(let flag): attributes[name] = flag
                case .array(let values):
                    attributes[name] = values.compactMap { if case .string(let text) = $0 { text } else { nil } }
                case .object, .null: break
                }
            }
        }
        switch task.outcome {
        case .completed: span.setStatus(SpanStatus(code: .ok))
        case .failed, .cancelled:
            if let error = task.error {
                span.recordError(error, attributes: [:], at: HostInstant(task.end))
                span.setStatus(SpanStatus(code: .error, message: Trouble(error).message))
            } else {
                span.setStatus(SpanStatus(code: .error))
            }
        case .open: break
        }
        span.end(at: HostInstant(task.end))
    }

    func end(_ workflow: OtherSpan) {
        let span = workflows.withLock { $0.removeValue(forKey: workflow.name) }
        if case .error(let message) = workflow.status { span?.setStatus(SpanStatus(code: .error, message: message)) }
        span?.end(at: HostInstant(workflow.end))
    }

    func endSession() { session.end() }
}

struct HostInstant: TracerInstant {
    let nanosecondsSinceEpoch: UInt64
    init(_ nanoseconds: Int64) { nanosecondsSinceEpoch = UInt64(clamping: nanoseconds) }
    static func < (a: HostInstant, b: HostInstant) -> Bool { a.nanosecondsSinceEpoch < b.nanosecondsSinceEpoch }
}

/// An injector into environment variables, with names as OpenTelemetry requires them: in capitals, with `_` for
/// everything that isn't a letter or a digit.
///
/// Source: https://opentelemetry.io/docs/specs/otel/context/env-carriers
struct EnvironmentInjector: Injector {
    func inject(_ value: String, forKey key: String, into environment: inout [String: String]) {
        // Values that an environment can't contain are left out.
        guard !value.utf8.contains(0) else { return }
        let name = key.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
        environment[String(name)] = value
    }
}

/// An instrument that runs the bodies of tasks in the context of their spans.
final class HostInstrument: TaskInstrument {
    private let spans: HostSpans

    init(_ spans: HostSpans) { self.spans = spans }

    private func context(of task: TaskContext) -> ServiceContext {
        let context = spans.context(of: task)
        spans.note(task)
        return context
    }

    func run(_ task: TaskContext, _ body: () -> Void) {
        ServiceContext.$current.withValue(context(of: task)) { body() }
    }

    nonisolated(nonsending) func run(
        _ task: TaskContext, _ body: nonisolated(nonsending) () async -> Void
    ) async {
        await ServiceContext.$current.withValue(context(of: task)) { await body() }
    }

    func environment(of task: TaskContext) -> [String: String] { spans.environment(of: task) }
}

/// A consumer that ends the spans. The same builder as for our own export decides on their structure.
final class HostSpanReader: EventConsumer, @unchecked Sendable {  // consumers are never called concurrently
    private let spans: HostSpans
    private var builder: SpanBuilder
    private var finished: [FinishedSpan] = []
    private let whenFinished: () -> Void

    init(_ spans: HostSpans, whenFinished: @escaping () -> Void) {
        self.spans = spans
        self.whenFinished = whenFinished
        let identity = TraceIdentity(engineID: "host", parent: nil)
        builder = SpanBuilder(identity, engineID: "", start: .now)
    }

    func consume(_ events: [WorkflowEvent], droppedCount: Int) {
        for event in events { builder.apply(event, &finished) }
        end()
    }

    private func end() {
        for span in finished {
            switch span {
            case .task(let task): spans.end(task)
            case .other(let other):
                if other.attributes.first?.key == "asyncflow.workflow_id" { spans.end(other) }
            }
        }
        finished.removeAll(keepingCapacity: true)
    }

    func finish() {
        whenFinished()
        finished = builder.finish(at: .now, failures: 0)
        end()
        spans.endSession()
    }
}
