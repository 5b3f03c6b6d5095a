import AsyncFlow
import Logging

extension WorkflowEngine.Configuration {
    /// Two workers and no log, for tests in which tasks fail on purpose.
    static func quiet(
        workers: Int = 2, dryRun: Bool = false, failurePolicy: FailurePolicy = .goOn,
        clock: any Clock<Duration> = ContinuousClock()
    ) -> WorkflowEngine.Configuration {
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        return WorkflowEngine.Configuration(
            workers: workers, dryRun: dryRun, logger: logger, failurePolicy: failurePolicy, clock: clock)
    }
}

/// Runs `body` with a quiet engine that leaves the test process's signals alone, and shuts it down.
nonisolated(nonsending) func withTestEngine<Result>(
    workers: Int = 2, dryRun: Bool = false, failurePolicy: FailurePolicy = .goOn,
    clock: any Clock<Duration> = ContinuousClock(), backends: [any Backend] = [LocalBackend()],
    _ body: (WorkflowEngine) async throws -> Result
) async throws -> Result {
    try await withWorkflowEngine(
        .quiet(workers: workers, dryRun: dryRun, failurePolicy: failurePolicy, clock: clock), backends: backends,
        signals: .ignored, body)
}

extension TaskFuture {
    /// What the task ended with, if that wasn't a value. Waits for the end.
    var error: (any Error)? {
        get async {
            guard case .failure(let error) = await result else { return nil }
            return error
        }
    }

    /// The state that the task ended in. Waits for the end.
    var finalState: TaskState {
        get async {
            _ = await result
            return state
        }
    }
}

extension WorkflowEngine {
    /// Returns when the engine refuses new tasks, because somebody shuts it down.
    func waitUntilClosed() async {
        let probe = functionTask("probe") {}
        while probe().state != .cancelled { await Task.yield() }
    }
}
