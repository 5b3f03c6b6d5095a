import TestSupport
import AsyncFlow
import AsyncFlowBase
import AsyncFlowClusters
import AsyncFlowPython
import AsyncFlowWorkers
import Foundation
import Logging
import Testing

/// The surroundings of the cluster tests.
enum TestCluster {
    static let modules = Bundle.module.resourceURL!.appendingPathComponent("Modules").path
    /// The program that runs Swift functions and commands.
    static let probe = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("cluster-probe").path

    /// Whether there is a `python3` in `PATH` that can be used.
    static let hasPython = runs("/usr/bin/env", ["python3", "-c", "import sys; assert sys.version_info >= (3, 8)"])

    /// The interpreter with Dask, which `scripts/install-tools dask` installs; nil if there is none.
    static let dask: String? = {
        let environment = ProcessInfo.processInfo.environment
        let folder = environment["ASYNCFLOW_DASK"] ?? "\(environment["HOME"] ?? "/root")/.cache/asyncflow/dask"
        return runs("\(folder)/bin/python", ["-c", "import distributed"]) ? "\(folder)/bin/python" : nil
    }()

    private static func runs(_ program: String, _ arguments: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    static func configuration(_ keeper: LineKeeper = LineKeeper()) -> ClusterConfiguration {
        var configuration = ClusterConfiguration()
        configuration.modules = [modules]
        configuration.program = probe
        configuration.logger = keeper.logger
        return configuration
    }

    /// An executor with two workers.
    static func executor(
        _ factory: String = "concurrent.futures:ProcessPoolExecutor", workers: Int = 2,
        keeper: LineKeeper = LineKeeper(), change: (inout ClusterConfiguration) -> Void = { _ in }
    ) -> ExecutorBackend {
        var configuration = configuration(keeper)
        change(&configuration)
        return ExecutorBackend(
            factory, arguments: ["max_workers": .integer(workers)], name: "cluster", configuration: configuration)
    }

    static func dask(
        _ cluster: DaskCluster = .local(workers: 2), keeper: LineKeeper = LineKeeper(),
        change: (inout ClusterConfiguration) -> Void = { _ in }
    ) -> DaskBackend {
        var configuration = configuration(keeper)
        change(&configuration)
        return DaskBackend(
            cluster, name: "cluster", environment: .executable(dask ?? "python3"), configuration: configuration)
    }

    /// The processes that have a marker among their variables.
    static func processes(with marker: String) -> [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.filter { id in
            guard Int(id) != nil, let data = FileManager.default.contents(atPath: "/proc/\(id)/environ") else {
                return false
            }
            return data.range(of: Data(marker.utf8)) != nil
        }
    }
}

extension Trait where Self == ConditionTrait {
    static var needsPython: Self { .enabled(if: TestCluster.hasPython, "there is no python3 of version 3.8 or later") }
    static var needsDask: Self {
        .enabled(if: TestCluster.dask != nil, "there is no Dask; scripts/install-tools dask installs it")
    }
}

/// An engine that a test runs on.
enum TestEngine: String, Sendable, CaseIterable, CustomTestStringConvertible {
    case threads, processes, dask

    static var all: [TestEngine] { allCases.filter { $0 != .dask || TestCluster.dask != nil } }
    static var here: [TestEngine] { all.filter { $0 != .threads } }

    func backend(
        _ keeper: LineKeeper = LineKeeper(), change: (inout ClusterConfiguration) -> Void = { _ in }
    ) -> ClusterBackend {
        switch self {
        case .threads: TestCluster.executor("concurrent.futures:ThreadPoolExecutor", keeper: keeper, change: change)
        case .processes: TestCluster.executor(keeper: keeper, change: change)
        case .dask: TestCluster.dask(keeper: keeper, change: change)
        }
    }

    var testDescription: String { rawValue }
}

/// Runs `body` with an engine that has the backend and nothing else.
nonisolated(nonsending) func withCluster<Result>(
    _ backend: ClusterBackend, _ body: (WorkflowEngine) async throws -> Result
) async throws -> Result {
    var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    logger.logLevel = .critical
    return try await withWorkflowEngine(
        WorkflowEngine.Configuration(workers: 2, logger: logger), backends: [backend], signals: .ignored
    ) { flow in try await body(flow) }
}

extension TaskFuture {
    /// The error that the body threw, if any. Waits for the end.
    var cause: (any Error)? {
        get async {
            guard case .failure(let error) = await result else { return nil }
            return (error as? any WorkflowError)?.cause ?? error
        }
    }
}

/// A folder that is removed at the end.
func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = NSTemporaryDirectory() + "clusters-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}
