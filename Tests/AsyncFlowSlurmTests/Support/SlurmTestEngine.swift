import AsyncFlow
import Foundation
import Logging

@testable import AsyncFlowSlurm

/// Runs `body` with a quiet engine whose commands go to a cluster, in a work directory that is deleted afterwards. Its
/// name has everything that shells, `env` and Slurm understand in a way of their own.
nonisolated(nonsending) func withSlurmEngine<Result>(
    _ backend: any Backend, dryRun: Bool = false, maximumOutput: MemorySize? = nil,
    _ body: (WorkflowEngine) async throws -> Result
) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "asyncflow 50%A=\u{e9} slurm '\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    logger.logLevel = .critical
    var configuration = WorkflowEngine.Configuration(
        workers: 2, workDirectory: folder, dryRun: dryRun, logger: logger)
    if let maximumOutput { configuration.files.maximumOutputInMemory = maximumOutput }
    return try await withWorkflowEngine(configuration, backends: [backend], signals: .ignored, body)
}

extension TaskFuture {
    /// What the task ended with, if that wasn't a value: the first cause of it. Waits for the end.
    var rootError: (any Error)? {
        get async {
            guard case .failure(let error) = await result else { return nil }
            return (error as? any WorkflowError)?.rootCause ?? error
        }
    }
}
