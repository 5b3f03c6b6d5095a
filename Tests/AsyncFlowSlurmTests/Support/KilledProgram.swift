import AsyncFlow
import Foundation
import TestSupport
import Testing

/// The `journal-probe` program with a journal of its own, which is started again and again.
final class KilledProgram: Sendable {
    let folder: String
    /// The programs of Slurm; nil for those of the `PATH`.
    private let programs: String?
    private let environment: [String: String]

    /// - Parameter folder: where everything is kept; a new one that is deleted at the end by default.
    init(programs: String?, environment: [String: String] = [:], in parent: String? = nil) throws {
        let parent = parent ?? FileManager.default.temporaryDirectory.path
        folder = "\(parent)/asyncflow-killed-\(UUID())"
        self.programs = programs
        self.environment = environment
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// The processes that the command was run as, one for each time that it began.
    var begun: [Int32] {
        let text = (try? String(contentsOfFile: folder + "/marks", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { Int32($0.split(separator: " ").last ?? "") }
    }

    func openGate() { _ = FileManager.default.createFile(atPath: folder + "/gate", contents: nil) }

    /// The files in the folders of the engines' runs.
    func files(endingWith suffix: String) -> [String] {
        let all = FileManager.default.enumerator(atPath: folder + "/work")?.compactMap { $0 as? String } ?? []
        return all.filter { $0.hasSuffix(suffix) }.map { "\(folder)/work/\($0)" }
    }

    struct Run: Sendable {
        let process: Process
        let output: Foundation.Pipe

        func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

        /// Waits for its end.
        ///
        /// - Returns: what it printed, or `killed`.
        func end() async -> String {
            await Task.detached { [self] in
                let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                process.waitUntilExit()
                return process.terminationReason == .uncaughtSignal ? "killed" : text
            }.value
        }
    }

    func start(_ kind: String = "text") throws -> Run {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("journal-probe")
        process.arguments = ["slurm", kind]
        var variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        variables["PROBE_JOURNAL"] = folder + "/journal"
        variables["PROBE_WORK"] = folder + "/work"
        variables["PROBE_MARKS"] = folder + "/marks"
        variables["PROBE_GATE"] = folder + "/gate"
        variables["PROBE_SLURM"] = programs
        process.environment = variables
        let output = Foundation.Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        return Run(process: process, output: output)
    }

    /// Starts the program and kills it when its job runs.
    func killWhileRunning(_ kind: String = "text", jobs: Int = 1) async throws {
        let run = try start(kind)
        try await until("the job runs") { begun.count >= jobs }
        run.kill()
        _ = await run.end()
    }
}
