import AsyncFlow
import AsyncFlowTelemetry
import Tracing

/// An instrument that runs the body of each task with its span as its context, and passes commands theirs.
final class ContextInstrument: TaskInstrument {
    private let identity: TraceIdentity
    private let export: ExportCore?
    private let isSampled: Bool

    /// - Parameter isSampled: whether the spans of the run are exported; its commands are told.
    init(_ identity: TraceIdentity, _ export: ExportCore?, isSampled: Bool = true) {
        self.identity = identity
        self.export = export
        self.isSampled = isSampled
    }

    private func context(of task: TaskContext) -> ServiceContext {
        var context = ServiceContext.current ?? .topLevel
        context[TraceContextKey.self] = TraceContext(
            trace: identity.traceID, span: identity.span(ofTask: task.taskID.number), isSampled: isSampled,
            export: export)
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

    func environment(of task: TaskContext) -> [String: String] {
        if export?.propagatesTraceContext == false { return [:] }
        let span = identity.span(ofTask: task.taskID.number)
        return ["TRACEPARENT": TraceParent(trace: identity.traceID, span: span, isSampled: isSampled).description]
    }
}
