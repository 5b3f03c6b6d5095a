import AsyncFlow
import AsyncFlowBase
import Foundation
import Logging

@testable import AsyncFlowJournal

/// A folder with a journal in it, deleted at the end.
final class JournalFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("asyncflow-journal-\(UUID())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    subscript(name: String) -> String { "\(path)/\(name)" }

    func write(_ text: String, to name: String) throws {
        try text.write(toFile: self[name], atomically: false, encoding: .utf8)
    }

    /// Runs an engine with the folder's journal.
    nonisolated(nonsending) func run<Result>(
        rerunning: [String] = [], reuse: Journal.Reuse = .automatic, crashLimit: Int = 3,
        durability: JournalDurability = .process, parking: Duration? = nil,
        clock: any Clock<Duration> = ContinuousClock(), backends: [any Backend] = [LocalBackend()],
        _ body: (WorkflowEngine) async throws -> Result
    ) async throws -> Result {
        var configuration = WorkflowEngine.Configuration(
            workers: 2, workDirectory: self["work"], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        configuration.journal = Journal(
            self["journal"], durability: durability, reuse: reuse, rerunning: rerunning, retainedRuns: 100,
            crashLimit: crashLimit, parking: parking)
        configuration.clock = clock
        return try await withWorkflowEngine(configuration, backends: backends, signals: .ignored, body)
    }
}

extension WorkflowEngine {
    /// Has the engine take another time for the wall's; before anything waits.
    func setWaitingRoom(now: JournalTime) {
        let (questions, journal) = (questions, recorder?.journal.directory)
        _ = companion(WaitingRoom.self) { WaitingRoom(seat, journal: journal, questions, logger, now: now) }
    }
}

/// Counts the bodies that ran, by name.
final class Tally: Sendable {
    private let counts = Lock<[String: Int]>([:])

    func add(_ name: String) { counts.withLock { $0[name, default: 0] += 1 } }
    subscript(name: String) -> Int { counts.withLock { $0[name] ?? 0 } }
    var all: [String: Int] { counts.withLock { $0 } }
    func reset() { counts.withLock { $0 = [:] } }
}

/// A run of the `journal-probe` program to its end.
struct JournalProbeProcess {
    let output: String
    let errors: String
    let wasKilled: Bool
    let status: Int32

    /// Where the program is.
    static var path: String {
        URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("journal-probe").path
    }

    init(_ arguments: [String], _ environment: [String: String] = [:]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        self.output = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        self.errors = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        wasKilled = process.terminationReason == .uncaughtSignal
        status = process.terminationStatus
    }
}
