import AsyncFlow
import AsyncFlowTelemetry
public import Logging
import Tracing

/// A log handler that passes each record on to another handler, and exports it with the ids of the span that it was
/// written in.
///
/// ```swift
/// let logger = Logger(label: "analysis") { label in
///     OpenTelemetryLogHandler(StreamLogHandler.standardError(label: label), label: label)
/// }
/// ```
///
/// Within a task, records go to the destination of the task's engine; elsewhere, to that of the first engine that
/// exports. Without one, they only go to the other handler. An engine's own log messages about the failure of a task
/// aren't exported, because ``OpenTelemetryExport`` exports the failure with all its details.
public struct OpenTelemetryLogHandler: LogHandler {
    private var next: any LogHandler
    private let label: String

    /// - Parameters:
    ///   - next: the handler that also receives every record.
    ///   - label: the logger's label.
    public init(_ next: any LogHandler, label: String) {
        self.next = next
        self.label = label
    }

    public var logLevel: Logger.Level {
        get { next.logLevel }
        set { next.logLevel = newValue }
    }
    public var metadata: Logger.Metadata {
        get { next.metadata }
        set { next.metadata = newValue }
    }
    public var metadataProvider: Logger.MetadataProvider? {
        get { next.metadataProvider }
        set { next.metadataProvider = newValue }
    }
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { next[metadataKey: key] }
        set { next[metadataKey: key] = newValue }
    }

    public func log(event: LogEvent) {
        export(event)
        next.log(event: event)
    }

    private func export(_ event: LogEvent) {
        var all = next.metadata
        if let provided = next.metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        guard all[LogRecord.ownRecord] == nil else { return }
        let context = ServiceContext.current?[TraceContextKey.self]
        let engine = all["engine"].flatMap { ActiveExports.of(engineID: "\($0)") }
        guard let core = context?.export ?? engine ?? ActiveExports.first, let logs = core.logs else { return }
        let task = engine == nil ? nil : all["task"].map { "\($0)" }
        if task != nil, all["kind"] != nil, event.level >= .warning { return }
        var record = LogRecord(
            time: core.times.now, severity: LogRecord.Severity(event.level), body: event.message.description)
        record.attributes = [Attribute("logger.name", label)]
        record.attributes += all.sorted { $0.key < $1.key }.map { Attribute($0.key, AttributeValue($0.value)) }
        if let error = event.error { record.attributes += Trouble(error).attributes }
        if let context {
            (record.trace, record.span) = (context.trace, context.span)
        } else if let engine {
            let number = task?.split(separator: ".").last.flatMap { UInt64($0) }
            record.trace = engine.identity.traceID
            record.span = number.map { engine.identity.span(ofTask: $0) } ?? engine.identity.sessionSpan
        }
        logs.add([record])
    }
}

extension AttributeValue {
    init(_ value: Logger.MetadataValue) {
        switch value {
        case .string(let value): self = .string(value)
        case .stringConvertible(let value): self = .string(value.description)
        case .array(let values): self = .array(values.map { AttributeValue($0) })
        case .dictionary(let values): self = .object(values.mapValues { AttributeValue($0) })
        }
    }
}

extension Logger.MetadataProvider {
    /// A provider that adds `trace_id` and `span_id` of the span that a record is written in, for logs that are
    /// collected by other means.
    public static var asyncFlowTrace: Logger.MetadataProvider {
        Logger.MetadataProvider {
            guard let trace = TaskTrace.current else { return [:] }
            return ["trace_id": "\(trace.traceID)", "span_id": "\(trace.spanID)"]
        }
    }
}
