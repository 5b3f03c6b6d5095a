import AsyncFlow
import Foundation
import Synchronization
import Testing

@testable import AsyncFlowSlurm

/// A real Slurm of four nodes, started by `scripts/slurm-cluster` for the time that a suite takes.
struct SlurmCluster: SuiteTrait, TestScoping {
    static let isInstalled = ["munged", "slurmctld", "slurmd", "sbatch"].allSatisfy { name in
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin") + ":/usr/sbin:/sbin"
        return path.split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
    }

    @TaskLocal static var folder = ""

    static var configuration: String { "\(folder)/slurm.conf" }

    static func control(_ what: String, _ more: String...) async throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../../scripts/slurm-cluster")
        _ = try await call(script.standardizedFileURL.path, [what, folder] + more)
    }

    @discardableResult
    static func call(_ program: String, _ arguments: [String]) async throws -> String {
        let command = Command(program, arguments: arguments).environment(["SLURM_CONF": configuration])
        return try await CommandRunner().run(command, capture: .memory).text
    }

    static func backend(_ change: (inout SlurmBackend.Settings) -> Void = { _ in }) -> SlurmBackend {
        var settings = SlurmBackend.Settings()
        settings.environment = ["SLURM_CONF": configuration]
        settings.shortestPoll = .milliseconds(200)
        settings.longestPoll = .seconds(1)
        change(&settings)
        return SlurmBackend(settings: settings)
    }

    /// What the queue has that hasn't ended.
    static func queue() async throws -> String { try await call("squeue", ["--noheader"]) }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "asyncflow-slurm-\(UUID())").path
        try await Self.$folder.withValue(folder) {
            let result: Result<Void, any Error>
            do {
                try await Self.control("up")
                try await function()
                result = .success(())
            } catch { result = .failure(error) }
            try await Self.control("down")
            try result.get()
        }
    }
}
