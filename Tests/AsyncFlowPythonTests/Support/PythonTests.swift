import TestSupport
import AsyncFlow
import AsyncFlowBase
import AsyncFlowPython
import AsyncFlowWorkers
import Foundation
import Logging
import Testing

/// The Pythons of this machine that tests use.
enum TestPython {
    static let modules = Bundle.module.resourceURL!.appendingPathComponent("Modules").path

    /// Whether there is a `python3` in `PATH`, of a version that can be used.
    static let isThere = version(of: "python3").map { $0 >= 308 } ?? false

    /// The interpreter with numpy, which `scripts/install-tools python` installs; nil if there is none.
    static let numpy: String? = {
        let environment = ProcessInfo.processInfo.environment
        let folder =
            environment["ASYNCFLOW_PYTHON"] ?? "\(environment["HOME"] ?? "/root")/.cache/asyncflow/python"
        let path = "\(folder)/bin/python"
        return run(path, ["-c", "import numpy"]) == nil ? nil : path
    }()

    /// Other interpreters: `python3.8`, `python3.9` and so on, in `PATH` or of pyenv.
    static let others: [String] = {
        let home = ProcessInfo.processInfo.environment["HOME"] ?? "/root"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "\(home)/.pyenv/versions")) ?? []
        let candidates =
            (6...14).map { "python3.\($0)" } + versions.sorted().map { "\(home)/.pyenv/versions/\($0)/bin/python3" }
        return candidates.filter { version(of: $0) != nil }
    }()

    /// Its version as a number: 308 for 3.8.
    static func version(of program: String) -> Int? {
        let code = "import sys; print('%d.%d' % sys.version_info[:2])"
        let text = run("/usr/bin/env", [program, "-c", code])
        let parts = text?.split(whereSeparator: { $0 == "." || $0 == "\n" }).compactMap { Int($0) }
        return parts?.count == 2 ? parts![0] * 100 + parts![1] : nil
    }

    private static func run(_ program: String, _ arguments: [String]) -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: output, as: UTF8.self) : nil
    }
}

extension Trait where Self == ConditionTrait {
    static var needsPython: Self { .enabled(if: TestPython.isThere, "there is no python3 of version 3.8 or later") }
    static var needsNumpy: Self {
        .enabled(if: TestPython.numpy != nil, "there is no numpy; scripts/install-tools python installs it")
    }
}

/// Runs `body` with an engine that has the local backend and Python.
nonisolated(nonsending) func withPython<Result>(
    workers: Int = 1, _ environment: PythonEnvironment = .executable("python3"),
    checking tasks: [any PythonTaskDefinition] = [], keeper: LineKeeper = LineKeeper(),
    change: (inout PythonBackend.Configuration) -> Void = { _ in },
    _ body: (WorkflowEngine, PythonBackend) async throws -> Result
) async throws -> Result {
    var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    logger.logLevel = .critical
    var configuration = PythonBackend.Configuration()
    configuration.pool.logger = keeper.logger
    configuration.pool.firstBackoff = .milliseconds(1)
    change(&configuration)
    let python = PythonBackend(
        workers: workers, environment: environment, modules: [TestPython.modules], checking: tasks,
        configuration: configuration)
    return try await withWorkflowEngine(
        WorkflowEngine.Configuration(workers: 2, logger: logger), backends: [LocalBackend(), python], signals: .ignored
    ) { flow in try await body(flow, python) }
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
