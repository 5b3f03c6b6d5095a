public import AsyncFlow
import AsyncFlowTelemetry
import Logging

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

extension OpenTelemetryExport {
    fileprivate convenience init(_ engine: WorkflowEngine, _ configuration: Configuration) throws {
        for warning in configuration.warnings { engine.logger.warning("OpenTelemetry: \(warning)") }
        self.init(configuration.isDisabled ? nil : try EngineExport(engine, configuration))
    }
}

/// The export of one engine.
private struct EngineExport: RunningExport {
    private let core: ExportCore
    private let attachment: EventAttachment

    init(_ engine: WorkflowEngine, _ configuration: OpenTelemetryExport.Configuration) throws {
        let logger = engine.logger
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

    var traceID: String { core.identity.traceID.hex }

    func flush(within limit: Duration) async -> Bool {
        await attachment.flush()
        return await core.flush(within: limit)
    }

    func stop() async { await attachment.detach() }

    var statistics: OpenTelemetryExport.Statistics {
        OpenTelemetryExport.Statistics(
            sent: core.reports.reduce(0) { $0 + $1.sent }, lost: core.reports.reduce(0) { $0 + $1.lost },
            retries: core.reports.reduce(0) { $0 + $1.retries },
            droppedEvents: attachment.droppedCount)
    }
}
