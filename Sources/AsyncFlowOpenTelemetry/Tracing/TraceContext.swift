import AsyncFlowBase
import AsyncFlowTelemetry
import Tracing

/// The span that code runs in, as ``OpenTelemetryExport`` and ``OTLPTracer`` know it.
struct TraceContext: Sendable {
    let trace: TraceID
    let span: UInt64
    var isSampled = true
    /// The destination of spans within this one.
    let export: ExportCore?
}

enum TraceContextKey: ServiceContextKey {
    typealias Value = TraceContext
    static var nameOverride: String? { "asyncflow-trace" }
}

/// The ids of the span that code runs in.
public struct TaskTrace: Sendable, Hashable {
    /// 32 digits in base 16.
    public let traceID: String
    /// 16 digits in base 16.
    public let spanID: String
    /// Both as a W3C `traceparent`, as requests to other programs carry it.
    public let traceparent: String

    init(_ context: TraceContext) {
        traceID = context.trace.hex
        spanID = context.span.hex
        traceparent = TraceParent(trace: context.trace, span: context.span, isSampled: context.isSampled).description
    }

    /// The trace of the calling code: within a task, the task's span or one of an ``OTLPTracer`` within it; nil
    /// elsewhere, and if neither ``AsyncFlow/WorkflowEngine/startOpenTelemetry(_:)`` nor
    /// ``AsyncFlow/WorkflowEngine/startTracing(_:)`` was called.
    public static var current: TaskTrace? { ServiceContext.current?[TraceContextKey.self].map(TaskTrace.init) }
}

/// The exports of this process, for code that runs outside of tasks.
enum ActiveExports {
    private static let cores = Lock<[ExportCore]>([])

    static func add(_ core: ExportCore) { cores.withLock { $0.append(core) } }
    static func remove(_ core: ExportCore) { cores.withLock { cores in cores.removeAll { $0 === core } } }

    /// The export that was started first.
    static var first: ExportCore? { cores.withLock { $0.first } }

    static func of(engineID: String) -> ExportCore? {
        cores.withLock { cores in cores.first { $0.engineID == engineID } }
    }
}
