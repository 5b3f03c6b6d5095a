import TestSupport
import Foundation
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses

/// Runs `body` with an engine whose run directories are in a folder of the test's own.
nonisolated(nonsending) func withFileEngine<Result>(
    dryRun: Bool = false, _ configure: (inout FileConfiguration) -> Void = { _ in },
    _ body: (WorkflowEngine, TemporaryFolder) async throws -> Result
) async throws -> Result {
    let folder = try TemporaryFolder("files")
    var configuration = WorkflowEngine.Configuration.quiet(dryRun: dryRun)
    configuration.workDirectory = folder["runs"]
    configure(&configuration.files)
    return try await withWorkflowEngine(configuration, signals: .ignored) { flow in try await body(flow, folder) }
}

extension TemporaryFolder {
    /// Writes a file and returns its path.
    func write(_ text: String, to name: String) throws -> String {
        try FileManager.default.createDirectory(
            at: URL(filePath: self[name]).deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(toFile: self[name], atomically: false, encoding: .utf8)
        return self[name]
    }
}

extension InputFile {
    var text: String { get throws { try String(contentsOfFile: path, encoding: .utf8) } }
}

func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

extension TaskFuture {
    /// The trouble with files that the task ended with.
    var fileError: FileError? {
        get async { (await error as? any WorkflowError)?.cause as? FileError }
    }
}

/// A small file system of its own, where this process may make one.
final class SmallFileSystem: Sendable {
    let path: String

    /// - Returns: nil where mounting isn't allowed.
    init?(options: String) throws {
        path = FileManager.default.temporaryDirectory.path + "/asyncflow-\(UUID())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard Self.run("mount", "-t", "tmpfs", "-o", options, "tmpfs", path) else {
            try FileManager.default.removeItem(atPath: path)
            return nil
        }
    }

    func makeReadOnly() -> Bool { Self.run("mount", "-o", "remount,ro", path) }

    deinit {
        _ = Self.run("umount", "-l", path)
        try? FileManager.default.removeItem(atPath: path)
    }

    static let isAllowed: Bool = (try? SmallFileSystem(options: "size=64k")) != nil

    private static func run(_ arguments: String...) -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
