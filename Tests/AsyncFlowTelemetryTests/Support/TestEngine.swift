import AsyncFlow
import Logging

/// Runs a body with an engine that logs nothing.
nonisolated(nonsending) func withTestEngine<Result>(
    workers: Int = 2, logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
    backends: [any Backend] = [LocalBackend()], _ body: (WorkflowEngine) async throws -> Result
) async throws -> Result {
    var configuration = WorkflowEngine.Configuration(workers: workers, logger: logger)
    configuration.workDirectory = "/tmp/asyncflow-tests"
    return try await withWorkflowEngine(configuration, backends: backends, signals: .ignored, body)
}
