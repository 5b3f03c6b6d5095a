import AsyncFlow
import AsyncFlowWorkers
import Foundation
import Logging
import Testing

/// The program that the tests' workers run.
let probeProgram = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("worker-probe").path

extension WorkerPoolBackend.Configuration {
    /// The probe, in the mode that is asked for, without a log.
    static func probe(mode: String? = nil) -> Self {
        var configuration = Self()
        configuration.program = probeProgram
        configuration.environment["PROBE_MODE"] = mode
        // Printing the backtrace of a crash takes seconds, and there are many here.
        configuration.environment["SWIFT_BACKTRACE"] = "enable=no"
        configuration.firstBackoff = .milliseconds(1)
        configuration.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return configuration
    }

    func with(_ change: (inout Self) -> Void) -> Self {
        var copy = self
        change(&copy)
        return copy
    }
}

/// Runs `body` with an engine that has the local backend and a pool.
nonisolated(nonsending) func withPool<Result>(
    workers: Int = 2, launcher: WorkerLauncher = .local, _ configuration: WorkerPoolBackend.Configuration = .probe(),
    _ body: (WorkflowEngine, WorkerPoolBackend) async throws -> Result
) async throws -> Result {
    var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    logger.logLevel = .critical
    let pool = WorkerPoolBackend(workers: workers, launcher: launcher, configuration: configuration)
    return try await withWorkflowEngine(
        WorkflowEngine.Configuration(workers: 2, logger: logger), backends: [LocalBackend(), pool], signals: .ignored
    ) { flow in try await body(flow, pool) }
}

extension TaskFuture {
    /// What the body threw, if it did. Waits for the end.
    var cause: (any Error)? {
        get async {
            guard case .failure(let error) = await result else { return nil }
            return (error as? any WorkflowError)?.cause
        }
    }
}

/// Waits, without a limit of its own, for what is to come true; the suites have time limits.
nonisolated(nonsending) func eventually(_ condition: () -> Bool) async throws {
    while !condition() { try await Task.sleep(for: .milliseconds(2)) }
}
