import AsyncFlow
import AsyncFlowTelemetry

/// A writer of spans. A task's span stays in its compact form until it is written.
struct SpanWriter: ItemWriting {
    typealias Item = FinishedSpan
    let identity: TraceIdentity
    /// The limits on a span's parts; a task may depend on a million others, for example.
    var limits = OpenTelemetryExport.SpanLimits()

    /// The fields of `Span`, `Span.Event`, `Span.Link` and `Status`.
    private enum Field {
        static let trace = MessageField(1, "traceId")
        static let span = MessageField(2, "spanId")
        static let parent = MessageField(4, "parentSpanId")
        static let name = MessageField(5, "name")
        static let kind = MessageField(6, "kind")
        static let start = MessageField(7, "startTimeUnixNano")
        static let end = MessageField(8, "endTimeUnixNano")
        static let attributes = MessageField(9, "attributes")
        static let droppedAttributes = MessageField(10, "droppedAttributesCount")
        static let events = MessageField(11, "events")
        static let droppedEvents = MessageField(12, "droppedEventsCount")
        static let links = MessageField(13, "links")
        static let droppedLinks = MessageField(14, "droppedLinksCount")
        static let status = MessageField(15, "status")
        static let eventTime = MessageField(1, "timeUnixNano")
        static let eventName = MessageField(2, "name")
        static let eventAttributes = MessageField(3, "attributes")
        static let eventDroppedAttributes = MessageField(4, "droppedAttributesCount")
        static let linkTrace = MessageField(1, "traceId")
        static let linkSpan = MessageField(2, "spanId")
        static let linkAttributes = MessageField(4, "attributes")
        static let linkDroppedAttributes = MessageField(5, "droppedAttributesCount")
        static let statusMessage = MessageField(2, "message")
        static let statusCode = MessageField(3, "code")
    }

    func write<Writer: MessageWriter>(_ item: FinishedSpan, _ writer: inout Writer) {
        switch item {
        case .task(let task): write(task, &writer)
        case .other(let span): write(span, &writer)
        }
    }

    private func write<Writer: MessageWriter>(_ task: TaskSpan, _ writer: inout Writer) {
        writer.traceID(Field.trace, identity.traceID)
        writer.spanID(Field.span, identity.span(ofTask: task.number))
        writer.spanID(Field.parent, task.parent)
        writer.string(Field.name, task.description.name)
        writer.enumeration(Field.kind, OtherSpan.Kind.internal.rawValue)
        writer.fixed(Field.start, UInt64(task.firstStart ?? task.created))
        writer.fixed(Field.end, UInt64(task.end))
        let trouble = Trouble(of: task)
        writer.attributes(
            Field.attributes, dropped: Field.droppedAttributes, Self.attributes(of: task, trouble), limits.attributes)
        if let trouble, task.error != nil, limits.events > 0 {
            writer.messages(Field.events, CollectionOfOne(trouble)) { writer, trouble in
                writer.fixed(Field.eventTime, UInt64(task.end))
                writer.string(Field.eventName, "exception")
                writer.attributes(
                    Field.eventAttributes, dropped: Field.eventDroppedAttributes, trouble.attributes, limits.ofEvents)
            }
        }
        let dependencies = task.dependencies
        if !dependencies.isEmpty {
            writer.messages(Field.links, dependencies.prefix(max(0, limits.links))) { writer, dependency in
                writer.traceID(Field.linkTrace, identity.traceID)
                writer.spanID(Field.linkSpan, identity.span(ofTask: dependency.number))
            }
            if dependencies.count > limits.links {
                writer.unsigned32(Field.droppedLinks, UInt32(clamping: dependencies.count - max(0, limits.links)))
            }
        }
        switch task.outcome {
        case .completed: status(.ok, &writer)
        case .failed, .cancelled: status(.error(trouble?.message ?? ""), &writer)
        case .open: break
        }
    }

    private static func attributes(of task: TaskSpan, _ trouble: Trouble?) -> [Attribute] {
        var attributes: [Attribute] = []
        attributes.reserveCapacity(12)
        attributes.append(Attribute("asyncflow.task_id", task.description.id.description))
        attributes.append(Attribute("asyncflow.task_type", task.description.kind.description))
        if let backend = task.description.backend { attributes.append(Attribute("asyncflow.backend", backend)) }
        if let workflow = task.workflowID { attributes.append(Attribute("asyncflow.workflow_id", workflow)) }
        if let block = task.description.blockID {
            attributes.append(Attribute("asyncflow.block_id", block.description))
        }
        attributes.append(Attribute("asyncflow.status", task.outcome.text))
        if task.attempt > 1 { attributes.append(Attribute("asyncflow.attempt", .integer(Int64(task.attempt)))) }
        if let worker = task.worker { attributes.append(Attribute("asyncflow.worker", .integer(Int64(worker)))) }
        if let cause = task.waitCause { attributes.append(Attribute("asyncflow.waited_for", cause.description)) }
        if let reused = task.reused { attributes.append(Attribute("asyncflow.reused", reused)) }
        if let start = task.firstStart {
            attributes.append(Attribute("asyncflow.wait_seconds", .number(Double(start - task.created) * 1e-9)))
        } else {
            attributes.append(Attribute("asyncflow.incomplete_lifecycle", .boolean(true)))
        }
        if let allocation = task.allocation {
            attributes.append(Attribute("asyncflow.cores", .integer(Int64(allocation.cores))))
            if allocation.memory.bytes > 0 {
                attributes.append(Attribute("asyncflow.memory_bytes", .integer(Int64(allocation.memory.bytes))))
            }
            if !allocation.gpus.isEmpty {
                let ids = allocation.gpus.map { AttributeValue.string($0.gpu.id) }
                attributes.append(Attribute("asyncflow.gpu_ids", .array(ids)))
            }
        }
        if let usage = task.usage {
            let time = usage.userTime + usage.systemTime
            attributes.append(Attribute("asyncflow.cpu_seconds", .number(time / .seconds(1))))
            if let peak = usage.peakMemory {
                attributes.append(Attribute("asyncflow.peak_memory_bytes", .integer(peak.bytes)))
            }
        }
        for (name, value) in (task.answer ?? [:]).sorted(by: { $0.key < $1.key }) {
            attributes.append(Attribute(name, AttributeValue(value)))
        }
        if let trouble { attributes.append(Attribute("error.type", trouble.type)) }
        return attributes
    }

    private func status<Writer: MessageWriter>(_ status: OtherSpan.Status, _ writer: inout Writer) {
        writer.message(Field.status) { writer in
            switch status {
            case .ok: writer.enumeration(Field.statusCode, 1)
            case .error(let message):
                if !message.isEmpty { writer.string(Field.statusMessage, message) }
                writer.enumeration(Field.statusCode, 2)
            }
        }
    }

    private func write<Writer: MessageWriter>(_ span: OtherSpan, _ writer: inout Writer) {
        writer.traceID(Field.trace, span.trace)
        writer.spanID(Field.span, span.span)
        if span.parent != 0 { writer.spanID(Field.parent, span.parent) }
        writer.string(Field.name, span.name)
        writer.enumeration(Field.kind, span.kind.rawValue)
        writer.fixed(Field.start, UInt64(span.start))
        writer.fixed(Field.end, UInt64(span.end))
        writer.attributes(Field.attributes, dropped: Field.droppedAttributes, span.attributes, limits.attributes)
        if !span.events.isEmpty {
            writer.messages(Field.events, span.events) { writer, event in
                writer.fixed(Field.eventTime, UInt64(event.time))
                writer.string(Field.eventName, event.name)
                writer.attributes(
                    Field.eventAttributes, dropped: Field.eventDroppedAttributes, event.attributes, limits.ofEvents)
            }
        }
        if span.droppedEvents > 0 { writer.unsigned32(Field.droppedEvents, UInt32(clamping: span.droppedEvents)) }
        if !span.links.isEmpty {
            writer.messages(Field.links, span.links) { writer, link in
                writer.traceID(Field.linkTrace, link.trace)
                writer.spanID(Field.linkSpan, link.span)
                writer.attributes(
                    Field.linkAttributes, dropped: Field.linkDroppedAttributes, link.attributes, limits.ofLinks)
            }
        }
        if span.droppedLinks > 0 { writer.unsigned32(Field.droppedLinks, UInt32(clamping: span.droppedLinks)) }
        if let status = span.status { self.status(status, &writer) }
    }
}
