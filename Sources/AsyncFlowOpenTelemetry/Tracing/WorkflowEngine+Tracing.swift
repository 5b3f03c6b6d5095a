public import AsyncFlow
import AsyncFlowTelemetry
public import Tracing

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A handle of the spans that go from an engine to a tracer. Tracing continues until the engine ends, even if this
/// handle is released.
public final class WorkflowTracing: Sendable {
    private let attachment: EventAttachment?
    private let remove: @Sendable () -> Void

    fileprivate init(_ attachment: EventAttachment?, remove: @escaping @Sendable () -> Void) {
        self.attachment = attachment
        self.remove = remove
    }

    /// Ends the open spans; tasks that start later have none. Calling it again does nothing.
    public func stop() async {
        remove()
        await attachment?.detach()
    }
}

extension WorkflowEngine {
    /// Makes the tasks of this engine spans of the program's own tracer from now on: they go to the backend that was
    /// given to `InstrumentationSystem.bootstrap`.
    ///
    /// The body of each task runs with its span as its `ServiceContext`, so that spans created there are part of it.
    /// Commands find it in their environment in the tracer's form (usually `TRACEPARENT`). Tasks of a block are part of
    /// the block's span, and those of a workflow scope part of the scope's.
    ///
    /// Without a tracer, and with an ``OTLPTracer``, no spans are created here, but task code and commands have the ids
    /// that recordings and ``startOpenTelemetry(_:)`` use: see ``TaskTrace``.
    ///
    /// - Parameter tracer: the tracer; by default that of the `InstrumentationSystem`.
    /// - Throws: ``OpenTelemetryError`` if the context of this engine's tasks is already set by
    ///   ``startOpenTelemetry(_:)`` or by an earlier call.
    @discardableResult
    public func startTracing(_ tracer: (any Tracer)? = nil) throws -> WorkflowTracing {
        let tracer = tracer ?? InstrumentationSystem.tracer
        if tracer is NoOpTracer || tracer is OTLPTracer {
            let parent = ProcessInfo.processInfo.environment["TRACEPARENT"]
            let identity = TraceIdentity(engineID: id, parent: parent)
            let isSampled = parent.flatMap(TraceParent.init)?.isSampled ?? true
            try claim(ContextInstrument(identity, nil, isSampled: isSampled))
            return WorkflowTracing(nil) { [weak self] in self?.removeInstrument() }
        }
        let spans = HostSpans(tracer, engineID: id)
        try claim(HostInstrument(spans))
        let reader = HostSpanReader(spans) { [weak self] in self?.removeInstrument() }
        return WorkflowTracing(attach(reader, overflow: .drop())) { [weak self] in self?.removeInstrument() }
    }

    private func claim(_ instrument: any TaskInstrument) throws(OpenTelemetryError) {
        guard !setInstrument(instrument) else { return }
        throw OpenTelemetryError(
            "tracing can't be started for engine \(id): the context of its tasks is set already; call startTracing once, "
                + "and before startOpenTelemetry")
    }
}
