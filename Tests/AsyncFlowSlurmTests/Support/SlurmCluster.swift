import AsyncFlow
import AsyncFlowSlurmREST
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import AsyncFlowSlurm

/// A real Slurm of four nodes, started by `scripts/slurm-cluster` for the time that a suite takes.
struct SlurmCluster: SuiteTrait, TestScoping {
    /// The GPUs of each node, which do nothing.
    var gpus = 0

    /// Whether device files can be made, as the cluster's GPUs are.
    static let canHaveGPUs: Bool = {
        let path = FileManager.default.temporaryDirectory.appending(path: "asyncflow-device-\(UUID())").path
        defer { unlink(path) }
        return mknod(path, S_IFCHR | 0o600, 0x103) == 0
    }()

    static let isInstalled = ["munged", "slurmctld", "slurmd", "slurmrestd", "sbatch"].allSatisfy { name in
        if TestRun.isQuick { return false }
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin") + ":/usr/sbin:/sbin"
        return path.split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
    }

    @TaskLocal static var folder = ""

    static var configuration: String { "\(folder)/slurm.conf" }

    @discardableResult
    static func control(_ what: String, _ more: String..., gpus: Int = 0) async throws -> String {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../../scripts/slurm-cluster")
        return try await call(script.standardizedFileURL.path, [what, folder] + more, environment: ["GPUS": "\(gpus)"])
    }

    @discardableResult
    static func call(
        _ program: String, _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> String {
        // The cluster's keeper ends it with this process, however that ends.
        let command = Command("timeout", arguments: ["120", program] + arguments)
            .environment(["SLURM_CONF": configuration, "OWNER": "\(ProcessInfo.processInfo.processIdentifier)"])
            .environment(environment)
        return try await CommandRunner().run(command, capture: .memory).text
    }

    /// How the controller is spoken to.
    enum Access: CaseIterable { case programs, socket, token }

    static func backend(by access: Access = .programs) async throws -> SlurmBackend {
        var settings = SlurmBackend.Settings()
        settings.environment = ["SLURM_CONF": configuration]
        settings.shortestPoll = .milliseconds(200)
        settings.longestPoll = .seconds(1)
        settings.outagePatience = .seconds(60)
        settings.commandPatience = .seconds(30)
        if access == .programs { return SlurmBackend(settings: settings) }
        let addresses = try await control("start-rest").split(separator: "\n").map(String.init)
        if access == .socket { return SlurmBackend(rest: SlurmREST(addresses[0]), settings: settings) }
        let folder = folder
        let service = SlurmREST(addresses[1]) {
            try await Self.$folder.withValue(folder) { try await control("token") }
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        return SlurmBackend(rest: service, settings: settings)
    }

    /// What the queue has that hasn't ended.
    static func queue() async throws -> String { try await call("squeue", ["--noheader"]) }

    /// Has the controller write down which jobs there are, which it does a few seconds after a change. What it hasn't
    /// written down when it is killed, it forgets.
    static func saveState() async throws {
        let now = Date()
        try await call("sbatch", ["--hold", "--job-name=change", "--output=/dev/null", "--wrap=true"])
        try await call("scancel", ["--name=change"])
        try await wait(for: "the controller to save its state") {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/state/job_state")
            return attributes[.modificationDate] as? Date ?? .distantPast > now
        }
    }

    /// What there is to see of the cluster when something didn't happen in time.
    static func report() async -> String {
        let logs = (try? await call("sh", ["-c", "tail -n 5 '\(folder)'/log/*.log; ls '\(folder)/run'"])) ?? ""
        let queue: String
        do { queue = String(try await self.queue().prefix(2000)) } catch { queue = "\(error)" }
        return "queue:\n\(queue)\nlogs:\n\(logs)"
    }

    struct Overdue: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs the body of a test. If that takes too long, says what the cluster looked like, and cancels it.
    static func within(_ limit: Duration, _ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await body()
                return true
            }
            group.addTask {
                try await Task.sleep(for: limit)
                return false
            }
            defer { group.cancelAll() }
            if try await group.next() == true { return }
            let report = await report()
            // What is cancelled needs a controller to end.
            _ = try? await control("start-controller")
            throw Overdue(description: "the test hadn't ended after \(limit)\n\(report)")
        }
    }

    /// Asks until something is so.
    static func wait(
        for what: String, within limit: Duration = .seconds(60), until isSo: () async throws -> Bool
    ) async throws {
        let end = ContinuousClock.now + limit
        while try await !isSo() {
            if ContinuousClock.now > end {
                throw Overdue(description: "after \(limit) still not: \(what)\n\(await report())")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "asyncflow-slurm-\(UUID())").path
        try await Self.$folder.withValue(folder) {
            let result: Result<Void, any Error>
            do {
                try await Self.control("up", gpus: gpus)
                try await function()
                result = .success(())
            } catch { result = .failure(error) }
            // Also when this test was cancelled.
            let down = await Task { try await Self.control("down") }.result
            try result.get()
            _ = try down.get()
        }
    }
}
