import AsyncFlow
import AsyncFlowTelemetry
import Logging

/// A consumer that turns an engine's events into exported items, on a dedicated thread.
final class ExportReader: EventConsumer, @unchecked Sendable {  // consumers are never called concurrently
    private let core: ExportCore
    private let whenFinished: () -> Void
    private var builder: SpanBuilder
    private let logBuilder: LogBuilder
    private var clock = TaskClock()
    private var finished: [FinishedSpan] = []
    private var records: [LogRecord] = []
    private var steps: [MeterStep] = []

    /// - Parameters:
    ///   - start: the start of the run.
    ///   - whenFinished: called after the last event, before the remaining items are sent.
    init(_ core: ExportCore, start: EventTime, whenFinished: @escaping () -> Void) {
        self.core = core
        self.whenFinished = whenFinished
        builder = SpanBuilder(core.identity, engineID: core.engineID, start: start)
        logBuilder = LogBuilder(identity: core.identity)
    }

    func consume(_ events: [WorkflowEvent], droppedCount: Int) {
        for event in events {
            if exportsSpans { builder.apply(event, &finished) }
            if let step = clock.apply(event) { steps.append(step) }
            if core.logs != nil, let record = logBuilder.record(of: event) { records.append(record) }
        }
        if droppedCount > 0 { records.append(droppedRecord(droppedCount)) }
        handOver()
    }

    private var exportsSpans: Bool { core.isSampled && core.spans != nil }

    private func handOver() {
        if !steps.isEmpty {
            core.meter.apply(steps)
            steps.removeAll(keepingCapacity: true)
        }
        if !finished.isEmpty {
            core.spans?.add(finished)
            finished.removeAll(keepingCapacity: true)
        }
        if !records.isEmpty {
            core.logs?.add(records)
            records.removeAll(keepingCapacity: true)
        }
    }

    private func droppedRecord(_ count: Int) -> LogRecord {
        var record = LogRecord(
            time: core.times.now, severity: LogRecord.Severity(.warning),
            body: "\(count) events were dropped because they came faster than they could be exported; the traces, "
                + "metrics and logs lack them",
            eventName: "asyncflow.EventsDropped")
        record.attributes = [Attribute("asyncflow.count", .integer(Int64(count)))]
        record.trace = core.identity.traceID
        record.span = core.identity.sessionSpan
        return record
    }

    func finish() {
        whenFinished()
        if exportsSpans { finished += builder.finish(at: .now, failures: core.meter.value.failed) }
        handOver()
        core.stop()
    }
}
