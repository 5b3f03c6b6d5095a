import AsyncFlow
import AsyncFlowTelemetry
import Logging

/// A log record of the OpenTelemetry protocol.
struct LogRecord: Sendable {
    /// The metadata key of records about exporting, which aren't exported, because each would lead to another one.
    static let ownRecord = "asyncflow.opentelemetry"

    var time: Int64
    var severity: Severity
    var body: String
    /// The name of the event, if the record is one.
    var eventName: String?
    var attributes: [Attribute] = []
    var trace: TraceID?
    var span: UInt64?

    /// The protocol's `SeverityNumber` and `SeverityText`.
    struct Severity: Sendable, Hashable {
        let number: Int
        let text: String

        init(_ level: Logger.Level) {
            switch level {
            case .trace: (number, text) = (1, "TRACE")
            case .debug: (number, text) = (5, "DEBUG")
            case .info: (number, text) = (9, "INFO")
            case .notice: (number, text) = (10, "NOTICE")
            case .warning: (number, text) = (13, "WARN")
            case .error: (number, text) = (17, "ERROR")
            case .critical: (number, text) = (21, "FATAL")
            }
        }
    }
}

struct LogWriter: ItemWriting {
    var limits = OpenTelemetryExport.AttributeLimits()

    /// Fields of `LogRecord`.
    private enum Field {
        static let time = MessageField(1, "timeUnixNano")
        static let severityNumber = MessageField(2, "severityNumber")
        static let severityText = MessageField(3, "severityText")
        static let body = MessageField(5, "body")
        static let attributes = MessageField(6, "attributes")
        static let droppedAttributes = MessageField(7, "droppedAttributesCount")
        static let trace = MessageField(9, "traceId")
        static let span = MessageField(10, "spanId")
        static let observed = MessageField(11, "observedTimeUnixNano")
        static let eventName = MessageField(12, "eventName")
    }

    func write<Writer: MessageWriter>(_ record: LogRecord, _ writer: inout Writer) {
        writer.fixed(Field.time, UInt64(record.time))
        writer.fixed(Field.observed, UInt64(record.time))
        writer.enumeration(Field.severityNumber, record.severity.number)
        writer.string(Field.severityText, record.severity.text)
        writer.message(Field.body) { $0.value(.string(record.body)) }
        writer.attributes(Field.attributes, dropped: Field.droppedAttributes, record.attributes, limits)
        if let trace = record.trace, let span = record.span {
            writer.traceID(Field.trace, trace)
            writer.spanID(Field.span, span)
        }
        if let name = record.eventName { writer.string(Field.eventName, name) }
    }
}

/// A builder of log records for the events that people want to read: failures and the user's own events.
struct LogBuilder {
    let identity: TraceIdentity
    let times = UnixTimes()

    func record(of event: WorkflowEvent) -> LogRecord? {
        switch event.type {
        // The failure itself is logged once as an error, but not the tasks that depend on it, of which there may be a
        // million.
        case .taskFailed where !(event.error is DependencyFailureError): failure(event, .error, "failed")
        case .taskAttemptFailed: failure(event, .warning, "failed in attempt \(event.attempt)")
        case .serviceRestarted: failure(event, .warning, "is restarted")
        case .serviceStopped where event.error != nil: failure(event, .error, "failed")
        case .custom: custom(event)
        default: nil
        }
    }

    private func failure(_ event: WorkflowEvent, _ level: Logger.Level, _ what: String) -> LogRecord {
        var record = base(event, level)
        let trouble = event.error.map(Trouble.init)
        let subject = event.task.map { "\($0.name) (\($0.id))" } ?? "a task"
        record.body = "\(subject) \(what)\(trouble.map { ": \($0.message)" } ?? "")"
        if let trouble { record.attributes += trouble.attributes }
        if event.attempt > 1 {
            record.attributes.append(Attribute("asyncflow.attempt", .integer(Int64(event.attempt))))
        }
        return record
    }

    private func custom(_ event: WorkflowEvent) -> LogRecord? {
        guard let content = event.custom else { return nil }
        var record = base(event, .info)
        record.body = content.name
        record.eventName = content.name
        record.attributes += content.attributes.sorted { $0.key < $1.key }.map {
            Attribute($0.key, AttributeValue($0.value))
        }
        return record
    }

    private func base(_ event: WorkflowEvent, _ level: Logger.Level) -> LogRecord {
        var record = LogRecord(time: times.nanoseconds(event.time), severity: LogRecord.Severity(level), body: "")
        if let task = event.task {
            record.attributes.append(Attribute("asyncflow.task_id", task.id.description))
            record.attributes.append(Attribute("asyncflow.task_name", task.name))
        }
        if let workflow = event.workflowID { record.attributes.append(Attribute("asyncflow.workflow_id", workflow)) }
        record.trace = identity.traceID
        record.span = event.taskNumber.map { identity.span(ofTask: $0) } ?? identity.sessionSpan
        return record
    }
}
