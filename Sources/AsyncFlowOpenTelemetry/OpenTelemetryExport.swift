public import AsyncFlow
import AsyncFlowTelemetry
import Logging

/// Exports what happens in an engine to an OpenTelemetry collector, until the engine ends.
///
/// It goes on when this handle is dropped.
public final class OpenTelemetryExport: Sendable {
    private let core: ExportCore?
    private let attachment: EventAttachment?

    init(_ engine: WorkflowEngine, _ configuration: Configuration) throws {
        let logger = engine.logger
        for warning in configuration.warnings { logger.warning("OpenTelemetry: \(warning)") }
        guard !configuration.isDisabled else {
            (core, attachment) = (nil, nil)
            return
        }
        let identity = TraceIdentity(engineID: engine.id, parent: configuration.parent)
        let core = try ExportCore(configuration, identity, engineID: engine.id, logger: logger)
        let instrument = ContextInstrument(identity, core, isSampled: core.isSampled)
        let isInstrument = engine.setInstrument(instrument)
        if !isInstrument {
            logger.info("OpenTelemetry: task code keeps the context that tracing was started with before")
        }
        ActiveExports.add(core)
        let sampler = engine.resourceSampler
        let samples =
            core.metrics == nil ? nil : sampler.add(every: configuration.sampleInterval) { core.meter.add($0) }
        let reader = ExportReader(core, start: engine.startTime) { [weak engine] in
            if let samples { sampler.remove(samples) }
            ActiveExports.remove(core)
            if isInstrument { engine?.removeInstrument() }
        }
        self.core = core
        attachment = engine.attach(reader, overflow: .drop())
    }

    /// The id of the trace that the run's spans belong to, 32 digits in base 16; nil if nothing is exported.
    public var traceID: String? { core?.identity.traceID.hex }

    /// Sends what has happened so far.
    ///
    /// - Parameter limit: how long it may take.
    /// - Returns: whether the collector was given, or it was found that it can't be given, everything in that time.
    ///   Cancellation isn't looked at: the time limit is.
    @discardableResult
    public func flush(within limit: Duration = .seconds(10)) async -> Bool {
        guard let core, let attachment else { return true }
        await attachment.flush()
        return await core.flush(within: limit)
    }

    /// Ends the spans that are open, sends what is left, for no longer than the configuration's `shutdownTimeout`, and
    /// exports nothing any more. The engine's end does so, too. Calling it again does nothing.
    public func stop() async { await attachment?.detach() }

    /// How many spans, log records and sets of metrics were sent, and how many were not, so far.
    public var statistics: Statistics {
        guard let core else { return Statistics() }
        return Statistics(
            sent: core.reports.reduce(0) { $0 + $1.sent }, lost: core.reports.reduce(0) { $0 + $1.lost },
            retries: core.reports.reduce(0) { $0 + $1.retries },
            droppedEvents: attachment?.droppedCount ?? 0)
    }

    /// What became of what there was to export.
    public struct Statistics: Sendable, Hashable {
        /// How many spans, log records and sets of metrics the collector took.
        public var sent = 0
        /// How many didn't reach it: too many waited, it wasn't there, or it refused them.
        public var lost = 0
        /// How often a request was sent again.
        public var retries = 0
        /// How many events weren't looked at, because too many came at once.
        public var droppedEvents = 0
    }
}

extension WorkflowEngine {
    /// Exports spans, metrics and log records of this engine to an OpenTelemetry collector, from now on, until the
    /// engine ends or the export is stopped.
    ///
    /// Spans: the run, its workflow scopes and blocks, its tasks, and the attempts of tasks that had several. The body
    /// of each task runs with its span as its context, and commands find it in their environment as `TRACEPARENT`.
    ///
    /// A collector that is slow or isn't there never holds up a task: what it can't take is left out, counted, and said
    /// in the log at the end.
    ///
    /// - Parameter configuration: what goes where; by default, what the `OTEL_…` variables of the environment say.
    /// - Throws: ``OpenTelemetryError`` if a URL can't be that of a collector, or a file of certificates can't be read.
    ///   The environment is never a reason for an error: what can't be done as it says is a warning in the log.
    @discardableResult
    public func startOpenTelemetry(
        _ configuration: OpenTelemetryExport.Configuration = OpenTelemetryExport.Configuration()
    ) throws -> OpenTelemetryExport {
        try OpenTelemetryExport(self, configuration)
    }
}
