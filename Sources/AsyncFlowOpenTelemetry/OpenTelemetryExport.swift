public import AsyncFlow
import AsyncFlowTelemetry
import Logging

/// An export of an engine's spans, metrics and log records to an OpenTelemetry collector, until the engine ends.
///
/// The export continues if this handle is released.
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

    /// Sends everything that has happened so far.
    ///
    /// - Parameter limit: the time limit.
    /// - Returns: whether everything was dealt with in that time: taken by the collector, or found undeliverable.
    ///   Cancellation doesn't shorten the call; the time limit does.
    @discardableResult
    public func flush(within limit: Duration = .seconds(10)) async -> Bool {
        guard let core, let attachment else { return true }
        await attachment.flush()
        return await core.flush(within: limit)
    }

    /// Ends the open spans, sends the remaining data for at most the configuration's `shutdownTimeout`, and stops
    /// exporting. The engine's end does the same. Calling it again does nothing.
    public func stop() async { await attachment?.detach() }

    /// The numbers of spans, log records and sets of metrics that were sent or lost so far.
    public var statistics: Statistics {
        guard let core else { return Statistics() }
        return Statistics(
            sent: core.reports.reduce(0) { $0 + $1.sent }, lost: core.reports.reduce(0) { $0 + $1.lost },
            retries: core.reports.reduce(0) { $0 + $1.retries },
            droppedEvents: attachment?.droppedCount ?? 0)
    }

    /// The outcome of the data to export.
    public struct Statistics: Sendable, Hashable {
        /// The number of spans, log records and sets of metrics that the collector accepted.
        public var sent = 0
        /// The number of those that didn't reach it, because too many waited, it was unreachable, or it refused them.
        public var lost = 0
        /// The number of times that a request was sent again.
        public var retries = 0
        /// The number of events that weren't read because too many came at once.
        public var droppedEvents = 0
    }
}

extension WorkflowEngine {
    /// Exports spans, metrics and log records of this engine to an OpenTelemetry collector from now on, until the
    /// engine ends or the export is stopped.
    ///
    /// There are spans for the run, its workflow scopes and blocks, its tasks, and the attempts of tasks that had
    /// several. The body of each task runs with its span as its context, and commands find it in their environment as
    /// `TRACEPARENT`.
    ///
    /// A collector that is slow or unreachable never delays a task: data that it can't take is left out and counted,
    /// and the log gives the number at the end.
    ///
    /// - Parameter configuration: the data to export and its destinations; by default, those of the environment's
    ///   `OTEL_…` variables.
    /// - Throws: ``OpenTelemetryError`` if a URL can't be that of a collector, or a file of certificates can't be read.
    ///   Invalid values in the environment never cause an error, but a warning in the log.
    @discardableResult
    public func startOpenTelemetry(
        _ configuration: OpenTelemetryExport.Configuration = OpenTelemetryExport.Configuration()
    ) throws -> OpenTelemetryExport {
        try OpenTelemetryExport(self, configuration)
    }
}
