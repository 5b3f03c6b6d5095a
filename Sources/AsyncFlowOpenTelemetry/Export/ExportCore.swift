import AsyncFlow
import AsyncFlowBase
import AsyncFlowTelemetry
import Logging

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The exporters of one engine.
final class ExportCore: Sendable {
    let identity: TraceIdentity
    let engineID: String
    let times = UnixTimes()
    let shutdownTimeout: Duration
    let sampler: OpenTelemetryExport.Sampler
    let spanLimits: OpenTelemetryExport.SpanLimits
    /// Whether commands and other programs receive the trace context.
    let propagatesTraceContext: Bool
    /// Whether the spans of the run are exported.
    let isSampled: Bool
    let spans: Exporter<FinishedSpan>?
    let metrics: Exporter<MetricSet>?
    let logs: Exporter<LogRecord>?
    let meter: SharedMeter

    init(
        _ configuration: OpenTelemetryExport.Configuration, _ identity: TraceIdentity, engineID: String, logger: Logger
    ) throws {
        self.identity = identity
        self.engineID = engineID
        shutdownTimeout = configuration.shutdownTimeout.bounded
        sampler = configuration.sampler
        spanLimits = configuration.spanLimits
        propagatesTraceContext = configuration.propagatesTraceContext
        isSampled = sampler.samples(
            identity.traceID, parent: configuration.parent.flatMap(TraceParent.init)?.isSampled)
        let resource = configuration.resource
        // Everything that can fail because of the configuration comes first, before any thread is started.
        let spanSender = try configuration.traces.map { try OTLPSender($0, .traces, configuration.proxies) }
        let metricSender = try configuration.metrics.map { try OTLPSender($0, .metrics, configuration.proxies) }
        let logSender = try configuration.logs.map { try OTLPSender($0, .logs, configuration.proxies) }
        let times = times
        let meter = SharedMeter()
        self.meter = meter
        let start = times.now
        // The export of a log must not write to the exported log.
        var logger = logger
        logger[metadataKey: LogRecord.ownRecord] = "export"
        spans = try zip(spanSender, configuration.traces).map { sender, destination in
            let request = ExportRequest(signal: .traces, encoding: destination.encoding, resource: resource)
            let writer = SpanWriter(identity: identity, limits: configuration.spanLimits)
            return try Exporter(
                .traces, ExportMachine.Settings(configuration.spanBatches, destination), to: sender, logger: logger
            ) { request.body(of: $0, writer) }
        }
        metrics = try zip(metricSender, configuration.metrics).map { sender, destination in
            let request = ExportRequest(signal: .metrics, encoding: destination.encoding, resource: resource)
            return try Exporter(
                .metrics,
                ExportMachine.Settings(
                    queueLimit: 2, batchLimit: 1, delay: .zero, requestTimeout: destination.timeout.bounded,
                    patience: min(configuration.metricInterval, configuration.metricPatience).bounded,
                    collectionInterval: max(.milliseconds(1), configuration.metricInterval.bounded)),
                to: sender, logger: logger,
                collect: { [MetricSet(start: start, time: times.now, meter: meter.value)] },
                encode: { sets in
                    let set = sets[sets.count - 1]
                    return request.body(of: set.metrics, MetricsWriter(start: set.start, time: set.time))
                })
        }
        logs = try zip(logSender, configuration.logs).map { sender, destination in
            let request = ExportRequest(signal: .logs, encoding: destination.encoding, resource: resource)
            let writer = LogWriter(limits: configuration.logLimits)
            return try Exporter(
                .logs, ExportMachine.Settings(configuration.logBatches, destination), to: sender, logger: logger
            ) { request.body(of: $0, writer) }
        }
    }

    var reports: [ExportReport] { [spans?.report, metrics?.report, logs?.report].compactMap { $0 } }

    func flush(within limit: Duration) async -> Bool {
        async let spans = spans?.flush(within: limit) ?? true
        async let metrics = metrics?.flush(within: limit) ?? true
        async let logs = logs?.flush(within: limit) ?? true
        return await [spans, metrics, logs].allSatisfy { $0 }
    }

    /// Sends the remaining items, and blocks the calling thread until that is done or the time limit has passed.
    func stop() {
        spans?.stop(within: shutdownTimeout)
        metrics?.stop(within: shutdownTimeout)
        logs?.stop(within: shutdownTimeout)
        spans?.waitUntilEnded()
        metrics?.waitUntilEnded()
        logs?.waitUntilEnded()
    }
}

/// Returns both, or nil if one is missing.
private func zip<A, B>(_ a: A?, _ b: B?) -> (A, B)? {
    guard let a, let b else { return nil }
    return (a, b)
}

/// A meter that one thread changes and others read.
final class SharedMeter: Sendable {
    private let state = Lock(RunMeter())

    var value: RunMeter { state.withLock { $0 } }

    func apply(_ steps: [MeterStep]) {
        state.withLock { meter in
            for step in steps { meter.apply(step) }
        }
    }

    func add(_ sample: TelemetrySample) { state.withLock { $0.load.add(sample) } }
}

extension ExportMachine.Settings {
    init(_ batching: OpenTelemetryExport.Batching, _ destination: OpenTelemetryExport.Destination) {
        self.init(
            queueLimit: max(1, batching.queueLimit), batchLimit: max(1, min(batching.batchLimit, batching.queueLimit)),
            delay: batching.delay.bounded, requestTimeout: destination.timeout.bounded,
            patience: batching.patience.bounded)
    }
}

extension OpenTelemetryExport.Configuration {
    /// Source: https://opentelemetry.io/docs/specs/semconv/resource
    var resource: ExportResource {
        let version = AsyncFlowVersion.current
        var values = resourceAttributes
        values["service.name"] = serviceName
        let own = [
            "telemetry.sdk.name": "asyncflow", "telemetry.sdk.language": "swift", "telemetry.sdk.version": version,
            "host.name": ResourceSampler.node,
        ]
        values.merge(own) { given, _ in given }
        var attributes = values.sorted { $0.key < $1.key }.map { Attribute($0.key, $0.value) }
        if values["process.pid"] == nil {
            attributes.append(Attribute("process.pid", .integer(Int64(ProcessInfo.processInfo.processIdentifier))))
        }
        return ExportResource(attributes: attributes, version: version)
    }
}
