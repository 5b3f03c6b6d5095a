public import AsyncFlow
import AsyncFlowHTTPClient

extension OpenTelemetryExport {
    /// The data to export and its destinations. By default, these follow the environment, and OpenTelemetry's defaults
    /// for everything else: a collector at `http://localhost:4318`.
    public struct Configuration: Sendable, Hashable {
        /// Whether nothing at all is exported: `OTEL_SDK_DISABLED`.
        public var isDisabled = false
        /// The name of the program: `OTEL_SERVICE_NAME`, else `service.name` in `OTEL_RESOURCE_ATTRIBUTES`, else
        /// `unknown_service:` and the process's name.
        public var serviceName: String
        /// Further attributes of the program: `OTEL_RESOURCE_ATTRIBUTES`.
        public var resourceAttributes: [String: String] = [:]
        /// The destination of spans; nil for none.
        public var traces: Destination?
        /// The destination of metrics; nil for none.
        public var metrics: Destination?
        /// The destination of log records; nil for none.
        public var logs: Destination?
        /// The queue and batches of spans: `OTEL_BSP_…`.
        public var spanBatches = Batching()
        /// The queue and batches of log records: `OTEL_BLRP_…`.
        public var logBatches = Batching()
        /// The time between exports of metrics: `OTEL_METRIC_EXPORT_INTERVAL`, else 60 seconds.
        public var metricInterval: Duration = .seconds(60)
        /// The time between measurements of the computer's utilisation, for the metrics about it.
        public var sampleInterval: Duration = .seconds(5)
        /// The time for which the engine's end may wait for the collector to take the remaining data. A collector that
        /// is unreachable isn't waited for.
        public var shutdownTimeout: Duration = .seconds(3)
        /// The time for which sending metrics is retried: `OTEL_METRIC_EXPORT_TIMEOUT`, else 30 seconds, and never
        /// longer than until the next export.
        public var metricPatience: Duration = .seconds(30)
        /// The span that the run is part of, as a W3C `traceparent`: `TRACEPARENT`.
        public var parent: String?
        /// The selection of exported traces: `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`, else the parent's
        /// decision, and all traces without a parent.
        public var sampler = Sampler.parentBased()
        /// The limits on the parts of a span: `OTEL_SPAN_…_LIMIT`, `OTEL_ATTRIBUTE_…_LIMIT`.
        public var spanLimits = SpanLimits()
        /// The limits on the attributes of a log record: `OTEL_LOGRECORD_ATTRIBUTE_…_LIMIT`, `OTEL_ATTRIBUTE_…_LIMIT`.
        public var logLimits = AttributeLimits()
        /// Whether commands receive their span in the environment variable `TRACEPARENT`, and ``OTLPTracer`` reads and
        /// writes `traceparent`. True unless `OTEL_PROPAGATORS` is set and doesn't name `tracecontext`.
        public var propagatesTraceContext = true
        /// The problems with the environment's values, which are logged when exporting starts.
        public var warnings: [String] = []
        /// The proxies of the environment: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`.
        var proxies: ProxySettings
    }

    /// The destination of one signal's items.
    public struct Destination: Sendable, Hashable {
        /// The whole URL including its path: `http://localhost:4318/v1/traces`. A user and a password in it are sent as
        /// a header, and don't appear in errors and logs.
        public var url: String
        /// Additional headers of each request.
        public var headers: [String: String] = [:]
        /// The form of the messages.
        public var encoding = OTLPEncoding.protobuf
        /// The compression of the messages.
        public var compression = OTLPCompression.none
        /// The time limit of one request.
        public var timeout: Duration = .seconds(10)
        /// A PEM file of certificates to trust instead of the system's authorities.
        public var authorityFile: String?
        /// A PEM file with the program's own certificate, for collectors that require one.
        public var certificateFile: String?
        /// A PEM file with the private key of that certificate.
        public var keyFile: String?

        var files: TLSFiles { TLSFiles(authorities: authorityFile, certificate: certificateFile, key: keyFile) }

        public init(url: String) { self.url = url }
    }

    /// The queue and the batches of items that wait to be sent.
    public struct Batching: Sendable, Hashable {
        /// The maximum number of waiting items; further ones are left out and counted. OpenTelemetry's default of 2,048
        /// would be too few for the tasks of a tenth of a second.
        public var queueLimit = 65_536
        /// The maximum number of items in a request.
        public var batchLimit = 4_096
        /// The time for which an item waits for others to be sent together.
        public var delay: Duration = .seconds(1)
        /// The time for which sending a batch is retried.
        public var patience: Duration = .seconds(30)

        public init() {}
    }
}

/// The encoding of messages.
public struct OTLPEncoding: Sendable, Hashable, CustomStringConvertible {
    enum Value { case json, protobuf }
    let value: Value

    /// `http/json`.
    public static let json = OTLPEncoding(value: .json)
    /// `http/protobuf`; smaller, and faster to create.
    public static let protobuf = OTLPEncoding(value: .protobuf)

    public var description: String { self == .json ? "http/json" : "http/protobuf" }
    var mediaType: String { self == .json ? "application/json" : "application/x-protobuf" }
}

/// The compression of messages.
public struct OTLPCompression: Sendable, Hashable {
    private enum Value { case none, gzip }
    private let value: Value

    public static let none = OTLPCompression(value: .none)
    public static let gzip = OTLPCompression(value: .gzip)
}

/// The reason that nothing can be exported.
public struct OpenTelemetryError: WorkflowError, Hashable {
    public let message: String
    public var code: WorkflowErrorCode { .outputUnavailable }
    init(_ message: String) { self.message = message }
}
