import AsyncFlow
import AsyncFlowBase
import AsyncFlowTelemetry
public import Tracing

/// A tracer whose spans go to the same destination as those of ``OpenTelemetryExport``. Within a task they are part of
/// the task's span.
///
/// ```swift
/// InstrumentationSystem.bootstrap(OTLPTracer())  // once, when the program starts
/// ```
///
/// It doesn't open connections. Spans created while no engine exports are discarded.
public struct OTLPTracer: Tracer {
    public init() {}

    /// Starts a span within that of the context, or in a new trace if the context has none.
    public func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> OTLPSpan {
        let context = context()
        let outer = context[TraceContextKey.self]
        let export = outer?.export ?? ActiveExports.first
        let trace = outer?.trace ?? TraceID(high: .random(in: 1 ... .max), low: .random(in: 1 ... .max))
        let sampler = export?.sampler ?? .parentBased()
        let span = TraceContext(
            trace: trace, span: .random(in: 1 ... .max),
            isSampled: sampler.samples(trace, parent: outer?.isSampled), export: export)
        var inner = context
        inner[TraceContextKey.self] = span
        return OTLPSpan(
            operationName, kind, in: inner, span, parent: outer?.span, start: instant().nanosecondsSinceEpoch)
    }

    /// Does nothing; ``OpenTelemetryExport/flush(within:)`` sends the ended spans.
    public func forceFlush() {}

    /// Writes `traceparent` of the W3C Recommendation "Trace Context".
    public func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let trace = context[TraceContextKey.self], trace.export?.propagatesTraceContext != false else { return }
        injector.inject(TaskTrace(trace).traceparent, forKey: "traceparent", into: &carrier)
    }

    /// Reads `traceparent`.
    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard ActiveExports.first?.propagatesTraceContext != false,
            let parent = extractor.extract(key: "traceparent", from: carrier).flatMap(TraceParent.init)
        else { return }
        context[TraceContextKey.self] = TraceContext(
            trace: parent.trace, span: parent.span, isSampled: parent.isSampled, export: nil)
    }
}

/// A span of ``OTLPTracer``.
public final class OTLPSpan: Tracing.Span {
    public let context: ServiceContext
    private let own: TraceContext
    private let parent: UInt64?
    private let start: UInt64
    private let kind: OtherSpan.Kind
    private let state: Lock<State>

    private struct State {
        var name: String
        var attributes = SpanAttributes()
        var events: [OtherSpan.Event] = []
        var droppedEvents = 0
        var links: [OtherSpan.Link] = []
        var droppedLinks = 0
        var status: OtherSpan.Status?
        var isOver = false
    }

    /// The limits on the events and links of a span; those beyond are counted only.
    private var limits: OpenTelemetryExport.SpanLimits { own.export?.spanLimits ?? .init() }

    init(
        _ name: String, _ kind: SpanKind, in context: ServiceContext, _ own: TraceContext, parent: UInt64?,
        start: UInt64
    ) {
        self.context = context
        self.own = own
        self.parent = parent
        self.start = start
        switch kind {
        case .server: self.kind = .server
        case .client: self.kind = .client
        case .producer: self.kind = .producer
        case .consumer: self.kind = .consumer
        case .internal: self.kind = .internal
        }
        state = Lock(State(name: name))
    }

    public var operationName: String {
        get { state.withLock { $0.name } }
        set { change { $0.name = newValue } }
    }

    public var attributes: SpanAttributes {
        get { state.withLock { $0.attributes } }
        set { change { $0.attributes = newValue } }
    }

    /// Whether the span will be exported.
    public var isRecording: Bool { own.export?.spans != nil && own.isSampled && !state.withLock { $0.isOver } }

    public func setStatus(_ status: SpanStatus) {
        change { $0.status = status.code == .ok ? .ok : .error(status.message ?? "") }
    }

    public func addEvent(_ event: SpanEvent) {
        add(
            OtherSpan.Event(
                name: event.name, time: Int64(clamping: event.nanosecondsSinceEpoch),
                attributes: Attribute.list(event.attributes)))
    }

    private func add(_ event: OtherSpan.Event) {
        let limits = limits
        change { state in
            if state.events.count < limits.events { state.events.append(event) } else { state.droppedEvents += 1 }
        }
    }

    public func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        let time = Int64(clamping: instant().nanosecondsSinceEpoch)
        let attributes = Trouble(error).attributes + Attribute.list(attributes)
        add(OtherSpan.Event(name: "exception", time: time, attributes: attributes))
    }

    public func addLink(_ link: SpanLink) {
        guard let other = link.context[TraceContextKey.self] else { return }
        let limits = limits
        let link = OtherSpan.Link(trace: other.trace, span: other.span, attributes: Attribute.list(link.attributes))
        change { state in
            if state.links.count < limits.links { state.links.append(link) } else { state.droppedLinks += 1 }
        }
    }

    private func change(_ change: (inout State) -> Void) {
        state.withLock { state in
            if !state.isOver { change(&state) }
        }
    }

    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let time = instant().nanosecondsSinceEpoch
        let ended = state.withLock { state -> State? in
            if state.isOver { return nil }
            state.isOver = true
            return state
        }
        guard let ended, own.isSampled else { return }
        let span = OtherSpan(
            trace: own.trace, span: own.span, parent: parent ?? 0, name: ended.name, kind: kind,
            start: Int64(clamping: start), end: Int64(clamping: max(start, time)),
            attributes: Attribute.list(ended.attributes), events: ended.events, droppedEvents: ended.droppedEvents,
            links: ended.links, droppedLinks: ended.droppedLinks, status: ended.status)
        own.export?.spans?.add([.other(span)])
    }
}

extension Attribute {
    /// Returns attributes sorted by name, so that the same ones are always written in the same order.
    static func list(_ attributes: SpanAttributes) -> [Attribute] {
        var list: [Attribute] = []
        attributes.forEach { list.append(Attribute($0, AttributeValue($1))) }
        return list.sorted { $0.key < $1.key }
    }
}

extension AttributeValue {
    init(_ value: SpanAttribute) {
        switch value {
        case .int32(let value): self = .integer(Int64(value))
        case .int64(let value): self = .integer(value)
        case .int32Array(let values): self = .array(values.map { .integer(Int64($0)) })
        case .int64Array(let values): self = .array(values.map { .integer($0) })
        case .double(let value): self = .number(value)
        case .doubleArray(let values): self = .array(values.map { .number($0) })
        case .bool(let value): self = .boolean(value)
        case .boolArray(let values): self = .array(values.map { .boolean($0) })
        case .string(let value): self = .string(value)
        case .stringArray(let values): self = .array(values.map { .string($0) })
        case .stringConvertible(let value): self = .string("\(value)")
        case .stringConvertibleArray(let values): self = .array(values.map { .string("\($0)") })
        default: self = .empty
        }
    }
}
