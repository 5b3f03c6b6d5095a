import AsyncFlow
import AsyncFlowOpenTelemetry
import Testing

@Suite("What the environment says about exporting")
struct EnvironmentTests {
    private typealias Configuration = OpenTelemetryExport.Configuration

    @Test("nothing said: everything to the collector on this machine, in protobuf")
    func defaults() {
        let configuration = Configuration(environment: [:])
        #expect(configuration.traces?.url == "http://localhost:4318/v1/traces")
        #expect(configuration.metrics?.url == "http://localhost:4318/v1/metrics")
        #expect(configuration.logs?.url == "http://localhost:4318/v1/logs")
        #expect(configuration.traces?.encoding == .protobuf)
        #expect(configuration.traces?.timeout == .seconds(10))
        #expect(configuration.metricInterval == .seconds(60))
        #expect(configuration.serviceName.hasPrefix("unknown_service:"))
        #expect(configuration.warnings.isEmpty)
        #expect(!configuration.isDisabled)
    }

    @Test("everything said")
    func everything() {
        let configuration = Configuration(environment: [
            "OTEL_EXPORTER_OTLP_ENDPOINT": "https://c.example:1/base/",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://l:2/x",
            "OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%2Cb%20c, x=1=2", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "x=own",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "2500", "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "100",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION": "none",
            "OTEL_SERVICE_NAME": "mine", "OTEL_RESOURCE_ATTRIBUTES": "service.name=other,team=a%3Db",
            "OTEL_BSP_SCHEDULE_DELAY": "7", "OTEL_BSP_MAX_QUEUE_SIZE": "8", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4",
            "OTEL_BSP_EXPORT_TIMEOUT": "9", "OTEL_BLRP_SCHEDULE_DELAY": "0", "OTEL_METRIC_EXPORT_INTERVAL": "11",
            "TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ])
        #expect(configuration.warnings == [])
        #expect(configuration.traces?.url == "https://c.example:1/base/v1/traces")
        #expect(configuration.logs?.url == "http://l:2/x")
        #expect(configuration.traces?.headers == ["api-key": "a,b c", "x": "own"])
        #expect(configuration.metrics?.headers == ["api-key": "a,b c", "x": "1=2"])
        #expect(configuration.traces?.timeout == .milliseconds(2500))
        #expect(configuration.metrics?.timeout == .milliseconds(100))
        #expect(configuration.traces?.encoding == .json)
        #expect(configuration.logs?.encoding == .protobuf)
        #expect(configuration.traces?.compression == .gzip)
        #expect(configuration.logs?.compression == OTLPCompression.none)
        #expect(configuration.serviceName == "mine")
        #expect(configuration.resourceAttributes["team"] == "a=b")
        #expect(configuration.spanBatches.delay == .milliseconds(7))
        #expect(configuration.spanBatches.queueLimit == 8)
        #expect(configuration.spanBatches.batchLimit == 4)
        #expect(configuration.spanBatches.patience == .milliseconds(9))
        #expect(configuration.logBatches.delay == .zero)
        #expect(configuration.metricInterval == .milliseconds(11))
        #expect(configuration.parent == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    }

    @Test(
        "a value that can't be is a warning that names it, and the default is used",
        arguments: [
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "-1"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "0"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "nonsense"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip"), ("OTEL_SDK_DISABLED", "perhaps"),
            ("OTEL_TRACES_EXPORTER", "console"), ("OTEL_BSP_MAX_QUEUE_SIZE", "0"), ("OTEL_BSP_SCHEDULE_DELAY", "x"),
            ("OTEL_TRACES_SAMPLER", "jaeger_remote"), ("TRACEPARENT", "00-zz"), ("OTEL_PROPAGATORS", "b3,tracecontext"),
            ("OTEL_SPAN_LINK_COUNT_LIMIT", "-1"), ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "long"),
            ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta"),
            ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "999999"), ("OTEL_METRIC_EXPORT_INTERVAL", "99999999999999999999"),
        ])
    func malformed(name: String, value: String) {
        let configuration = Configuration(environment: [name: value])
        #expect(configuration.warnings.count == 1)
        #expect(configuration.warnings.first?.contains("\(name)=\(value)") == true)
        var expected = Configuration(environment: [:])
        expected.warnings = configuration.warnings
        if name.hasPrefix("OTEL_BLRP") { expected.logBatches.batchLimit = expected.logBatches.queueLimit }
        #expect(configuration == expected)
    }

    @Test(
        "a header that can't be is left out, with a warning that doesn't tell its value",
        arguments: ["secret", "=secret", "a b=secret", "key=secret%0d%0aevil: 1", "key=secret%zz", "key=secret%e4"])
    func headers(list: String) {
        let configuration = Configuration(environment: ["OTEL_EXPORTER_OTLP_HEADERS": "good=1,\(list)"])
        #expect(configuration.traces?.headers == ["good": "1"])
        #expect(configuration.warnings.count == 1)
        #expect(configuration.warnings.first?.contains("secret") == false)
        #expect(configuration.warnings.first?.contains("OTEL_EXPORTER_OTLP_HEADERS") == true)
    }

    @Test("'none' and an empty value")
    func none() {
        let configuration = Configuration(environment: [
            "OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "", "OTEL_EXPORTER_OTLP_TIMEOUT": " ",
        ])
        #expect(configuration.traces == nil)
        #expect(configuration.logs != nil)
        #expect(configuration.warnings.isEmpty)
    }

    @Test("a list of exporters that has OTLP among them exports, with a warning of the others")
    func exporters() {
        #expect(Configuration(environment: ["OTEL_TRACES_EXPORTER": "otlp, none"]).traces != nil)
        #expect(Configuration(environment: ["OTEL_TRACES_EXPORTER": "otlp"]).warnings.isEmpty)
        #expect(Configuration(environment: ["OTEL_TRACES_EXPORTER": "console,otlp"]).warnings.count == 1)
    }

    @Test(
        "gRPC is a warning, and an export by http/protobuf where the collector has that",
        arguments: [
            (nil, nil, "http://localhost:4318/v1/traces"), ("http://c:4317", nil, "http://c:4318/v1/traces"),
            ("http://c:4317/", nil, "http://c:4318/v1/traces"), ("https://c", nil, "https://c/v1/traces"),
            ("https://c:443/base", nil, "https://c:443/base/v1/traces"), ("c:4317", nil, "https://c:4318/v1/traces"),
            ("http://other:1", "http://c:4317", "http://c:4318/v1/traces"),
            ("http://u:p@c:4317", nil, "http://u:p@c:4318/v1/traces"),
        ])
    func grpc(endpoint: String?, own: String?, url: String) {
        var environment = ["OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"]
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
        environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = own
        let configuration = Configuration(environment: environment)
        #expect(configuration.traces?.url == url)
        #expect(configuration.traces?.encoding == .protobuf)
        #expect(configuration.warnings.count == 1)
        #expect(configuration.warnings.first?.contains("OTEL_EXPORTER_OTLP_PROTOCOL=grpc") == true)
        #expect(configuration.warnings.first?.contains("http/protobuf") == true)
        environment["OTEL_EXPORTER_OTLP_INSECURE"] = "true"
        environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = "c:4317"
        #expect(Configuration(environment: environment).traces?.url == "http://c:4318/v1/traces")
    }

    @Test(
        "each standard sampler, and its argument",
        arguments: [
            ("always_on", nil, .alwaysOn), ("always_off", "0.5", .alwaysOff), ("traceidratio", "0.25", .ratio(0.25)),
            ("traceidratio", nil, .ratio(1)), ("parentbased_always_on", nil, .parentBased(.alwaysOn)),
            ("parentbased_always_off", nil, .parentBased(.alwaysOff)),
            ("parentbased_traceidratio", "0.125", .parentBased(.ratio(0.125))),
        ] as [(String, String?, OpenTelemetryExport.Sampler)])
    func samplers(name: String, argument: String?, sampler: OpenTelemetryExport.Sampler) {
        var environment = ["OTEL_TRACES_SAMPLER": name]
        environment["OTEL_TRACES_SAMPLER_ARG"] = argument
        let configuration = Configuration(environment: environment)
        #expect(configuration.sampler == sampler)
        #expect(configuration.warnings.isEmpty)
    }

    @Test("limits are those for spans or log records, else those for everything")
    func limits() {
        let configuration = Configuration(environment: [
            "OTEL_ATTRIBUTE_COUNT_LIMIT": "5", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "50",
            "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "6", "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT": "7",
            "OTEL_SPAN_EVENT_COUNT_LIMIT": "0", "OTEL_SPAN_LINK_COUNT_LIMIT": "9",
            "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "10", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": "11",
        ])
        #expect(configuration.warnings.isEmpty)
        #expect(configuration.spanLimits.attributes.count == 6)
        #expect(configuration.spanLimits.attributes.valueLength == 50)
        #expect(configuration.logLimits.count == 5)
        #expect(configuration.logLimits.valueLength == 7)
        #expect(configuration.spanLimits.events == 0)
        #expect(configuration.spanLimits.links == 9)
        #expect(configuration.spanLimits.attributesPerEvent == 10)
        #expect(configuration.spanLimits.attributesPerLink == 11)
    }

    @Test("propagators: without tracecontext nobody is told of the trace, and the run has no parent")
    func propagators() {
        let parent = ["TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]
        for (value, isUsed, count) in [
            ("tracecontext,baggage", true, 0), ("baggage", false, 0), ("none", false, 0), ("b3", false, 1),
            ("b3,tracecontext", true, 1),
        ] {
            let configuration = Configuration(environment: parent.merging(["OTEL_PROPAGATORS": value]) { $1 })
            #expect(configuration.propagatesTraceContext == isUsed)
            #expect((configuration.parent != nil) == isUsed)
            #expect(configuration.warnings.count == count)
        }
    }

    @Test("files of certificates that can't be read are warnings, and aren't used")
    func certificates() {
        let configuration = Configuration(environment: [
            "OTEL_EXPORTER_OTLP_CERTIFICATE": "/no/ca.pem", "OTEL_EXPORTER_OTLP_CLIENT_KEY": "/no/key.pem",
            "OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none",
        ])
        #expect(configuration.warnings.count == 2)
        #expect(configuration.warnings.first?.contains("/no/ca.pem") == true)
        #expect(configuration.warnings.last?.contains("OTEL_EXPORTER_OTLP_CLIENT_KEY") == true)
        #expect(configuration.metrics?.authorityFile == nil)
        #expect(configuration.metrics?.keyFile == nil)
    }

    @Test("no value of any variable is an error, and no warning shows a password", .timeLimit(.minutes(1)))
    func nothingThrows() async throws {
        let names = [
            "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL",
            "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "TRACEPARENT", "OTEL_EXPORTER_OTLP_CERTIFICATE",
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_SCHEDULE_DELAY",
            "OTEL_PROPAGATORS", "OTEL_METRIC_EXPORT_INTERVAL", "OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_CONFIG_FILE",
        ]
        let log = LogLines()
        try await withTestEngine(log: log) { flow async throws in
            for value in [
                "http://u:hunter2@h:99999/", "http://u:hunter2@[", "9223372036854775807", "\u{1B}[2J", "grpc",
            ] {
                var environment = Dictionary(uniqueKeysWithValues: names.map { ($0, value) })
                environment["OTEL_TRACES_SAMPLER"] = "traceidratio"
                var configuration = Configuration(environment: environment)
                configuration.shutdownTimeout = .zero
                let export = try flow.startOpenTelemetry(configuration)
                await export.stop()
            }
            let export = try flow.startOpenTelemetry(
                .init(environment: ["OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"]))
            #expect(export.traceID == nil)
            #expect(await export.flush())
            await export.stop()
        }
        #expect(!log.all.joined().contains("hunter2"))
        #expect(!log.all.joined().contains("\u{1B}"))
    }
}
