import AsyncFlowHTTPClient

extension OpenTelemetryExport {
    /// What is exported and where to. By default, what the environment says, and what OpenTelemetry says where it is
    /// silent: to a collector at `http://localhost:4318`.
    public struct Configuration: Sendable, Hashable {
        /// Whether nothing at all is exported: `OTEL_SDK_DISABLED`.
        public var isDisabled = false
        /// What the program is called: `OTEL_SERVICE_NAME`, else `service.name` in `OTEL_RESOURCE_ATTRIBUTES`, else
        /// `unknown_service:` and the program's name.
        public var serviceName: String
        /// What else is said about the program: `OTEL_RESOURCE_ATTRIBUTES`.
        public var resourceAttributes: [String: String] = [:]
        /// Where spans go; nil for nowhere.
        public var traces: Destination?
        /// Where metrics go; nil for nowhere.
        public var metrics: Destination?
        /// Where log records go; nil for nowhere.
        public var logs: Destination?
        /// How spans wait until they are sent: `OTEL_BSP_…`.
        public var spanBatches = Batching()
        /// How log records wait until they are sent: `OTEL_BLRP_…`.
        public var logBatches = Batching()
        /// How often metrics are sent: `OTEL_METRIC_EXPORT_INTERVAL`, else every 60 seconds.
        public var metricInterval: Duration = .seconds(60)
        /// How often it is looked how busy the machine is, for the metrics about that.
        public var sampleInterval: Duration = .seconds(5)
        /// How long the end of the engine may wait for the collector to take what is left. A collector that isn't there
        /// isn't waited for.
        public var shutdownTimeout: Duration = .seconds(3)
        /// For how long metrics are tried again: `OTEL_METRIC_EXPORT_TIMEOUT`, else 30 seconds, and never beyond the
        /// next ones.
        public var metricPatience: Duration = .seconds(30)
        /// The span that the run is part of, as a W3C `traceparent`: `TRACEPARENT`.
        public var parent: String?
        /// Which traces are exported: `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`, else what the parent has
        /// decided, and all without a parent.
        public var sampler = Sampler.parentBased()
        /// The parts that a span has: `OTEL_SPAN_…_LIMIT`, `OTEL_ATTRIBUTE_…_LIMIT`.
        public var spanLimits = SpanLimits()
        /// The attributes that a log record has: `OTEL_LOGRECORD_ATTRIBUTE_…_LIMIT`, `OTEL_ATTRIBUTE_…_LIMIT`.
        public var logLimits = AttributeLimits()
        /// Whether commands find their span in their environment as `TRACEPARENT`, and ``OTLPTracer`` reads and writes
        /// `traceparent`: whether `OTEL_PROPAGATORS`, if it is set, names `tracecontext`.
        public var propagatesTraceContext = true
        /// What is wrong with the environment's values; the log says so when exporting starts.
        public var warnings: [String] = []
        /// The proxies of the environment: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`.
        var proxies: ProxySettings

        /// - Parameter environment: where the variables are looked up; the process's own environment by default.
        public init(environment: [String: String]? = nil) {
            var reader = EnvironmentReader(environment)
            serviceName = reader.defaultServiceName
            proxies = ProxySettings(environment: reader.environment)
            read(&reader)
            warnings = reader.warnings
        }
    }

    /// Where the items of one signal go.
    public struct Destination: Sendable, Hashable {
        /// The whole URL, path included: `http://localhost:4318/v1/traces`. A user and a password in it are sent as a
        /// header, and aren't in errors and logs.
        public var url: String
        /// Additional headers of each request.
        public var headers: [String: String] = [:]
        /// The form of the messages.
        public var encoding = OTLPEncoding.protobuf
        /// How the messages are compressed.
        public var compression = OTLPCompression.none
        /// How long one request may take.
        public var timeout: Duration = .seconds(10)
        /// A file of certificates, in PEM form, that are trusted instead of the system's authorities.
        public var authorityFile: String?
        /// A file with this program's own certificate, in PEM form, for collectors that want one.
        public var certificateFile: String?
        /// A file with the private key for that, in PEM form.
        public var keyFile: String?

        var files: TLSFiles { TLSFiles(authorities: authorityFile, certificate: certificateFile, key: keyFile) }

        public init(url: String) { self.url = url }
    }

    /// How items wait until they are sent.
    public struct Batching: Sendable, Hashable {
        /// How many may wait; further ones are left out, and counted. OpenTelemetry's own 2,048 would be too few for
        /// the tasks of a tenth of a second.
        public var queueLimit = 65_536
        /// How many a request has at most.
        public var batchLimit = 4_096
        /// How long one waits for others to go with.
        public var delay: Duration = .seconds(1)
        /// For how long a batch is tried again.
        public var patience: Duration = .seconds(30)

        public init() {}
    }
}

/// The form of the messages.
public struct OTLPEncoding: Sendable, Hashable, CustomStringConvertible {
    enum Value { case json, protobuf }
    let value: Value

    /// `http/json`.
    public static let json = OTLPEncoding(value: .json)
    /// `http/protobuf`; smaller, and quicker to make.
    public static let protobuf = OTLPEncoding(value: .protobuf)

    public var description: String { self == .json ? "http/json" : "http/protobuf" }
    var mediaType: String { self == .json ? "application/json" : "application/x-protobuf" }
}

/// How messages are compressed.
public struct OTLPCompression: Sendable, Hashable {
    private enum Value { case none, gzip }
    private let value: Value

    public static let none = OTLPCompression(value: .none)
    public static let gzip = OTLPCompression(value: .gzip)
}

/// Why nothing can be exported.
public struct OpenTelemetryError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
