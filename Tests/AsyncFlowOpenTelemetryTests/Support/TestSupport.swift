import AsyncFlow
import AsyncFlowOpenTelemetry
import Logging
import NIOConcurrencyHelpers

struct TestError: Error, CustomStringConvertible {
    let description: String
}

/// What was logged.
final class LogLines: Sendable {
    private let box = NIOLockedValueBox<[String]>([])
    var all: [String] { box.withLockedValue { $0 } }
    func append(_ line: String) { box.withLockedValue { $0.append(line) } }
}

struct CollectingLogHandler: LogHandler {
    let lines: LogLines
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
    func log(event: LogEvent) { lines.append("\(event.level): \(event.message)") }
}

/// Runs `body` with an engine whose log is kept.
nonisolated(nonsending) func withTestEngine<Result>(
    log: LogLines = LogLines(), wrap: @escaping @Sendable (any LogHandler) -> any LogHandler = { $0 },
    workers: Int = 2, _ body: (WorkflowEngine) async throws -> Result
) async throws -> Result {
    let logger = Logger(label: "engine") { _ in wrap(CollectingLogHandler(lines: log)) }
    return try await withWorkflowEngine(
        WorkflowEngine.Configuration(workers: workers, logger: logger), signals: .ignored, body)
}

extension OpenTelemetryExport.Configuration {
    /// Everything to one collector, at once.
    static func test(_ endpoint: String, _ variables: [String: String] = [:]) -> OpenTelemetryExport.Configuration {
        var environment = [
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_SERVICE_NAME": "test", "OTEL_BSP_SCHEDULE_DELAY": "10",
            "OTEL_BLRP_SCHEDULE_DELAY": "10",
        ]
        environment.merge(variables) { _, new in new }
        return OpenTelemetryExport.Configuration(environment: environment)
    }
}
