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

    @Test("gRPC is an error that says what to do; disabled is disabled", .timeLimit(.minutes(1)))
    func obstacles() async throws {
        try await withTestEngine { flow async throws in
            let error = #expect(throws: OpenTelemetryError.self) {
                try flow.startOpenTelemetry(.init(environment: ["OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"]))
            }
            #expect(error?.description.contains("OTEL_EXPORTER_OTLP_PROTOCOL=grpc") == true)
            #expect(error?.description.contains("http/protobuf") == true)
            let export = try flow.startOpenTelemetry(
                .init(environment: ["OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"]))
            #expect(export.traceID == nil)
            #expect(await export.flush())
            await export.stop()
        }
    }
}
