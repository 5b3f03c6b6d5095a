import ArgumentParser
import AsyncFlow
import AsyncFlowJournal
import BenchmarkSupport
import CProcessUsage
import Foundation
import Logging

/// What it costs to record what tasks give, and to resume.
@main
struct JournalBenchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal-benchmarks",
        abstract: "Functions of one number: plain, with a version but without a journal, recorded, and answered.")

    @Option(help: "Tasks of a run.")
    var tasks = 300_000

    @Option(help: "Rounds; figures are medians over them.")
    var rounds = 3

    @Option(help: "Where journals are written.")
    var folder = FileManager.default.temporaryDirectory.path

    func validate() throws {
        guard tasks >= 1_000, rounds >= 1 else {
            throw ValidationError("--tasks takes a number of 1,000 or more, --rounds one of 1 or more.")
        }
    }

    private enum Setup: String, CaseIterable {
        case plain = "plain functions"
        case without = "durable, without a journal"
        case recorded = "durable, recorded"
        case resumed = "durable, answered"
        case opened = "the journal opened and closed"
    }

    private struct Run {
        var cpu: Double
        var wall: Double
        var memory: Double
    }

    func run() async throws {
        let figures = try await taskFigures()
        let store = StoreBenchmark(count: 1_000_000, rounds: rounds, folder: URL(fileURLWithPath: folder))
        Figure.print(figures + (try await store.run()))
    }

    private func taskFigures() async throws -> [Figure] {
        var runs: [Setup: [Run]] = [:]
        var bytes: [Double] = []
        for round in 0...rounds {
            let journal = "\(folder)/asyncflow-journal-\(UUID())"
            defer { try? FileManager.default.removeItem(atPath: journal) }
            for setup in Setup.allCases {
                let run = try await measure(setup, journal)
                // The first round warms up.
                if round > 0 { runs[setup, default: []].append(run) }
                if setup == .recorded, round > 0 { bytes.append(Self.size(of: journal) / Double(tasks)) }
            }
        }
        var table = Table(
            title: "\(tasks) synchronous functions of one number, in layers of 1,000:",
            header: ["", "CPU µs per task", "wall µs per task", "bytes of memory per task"])
        for setup in Setup.allCases {
            let all = runs[setup] ?? []
            table.rows.append([
                setup.rawValue, all.map(\.cpu).median.text, all.map(\.wall).median.text, all.map(\.memory).median.text,
            ])
        }
        table.print()
        let (plain, without) = (runs[.plain] ?? [], runs[.without] ?? [])
        let (recorded, resumed) = (runs[.recorded] ?? [], runs[.resumed] ?? [])
        return [
            Figure("journal.recorded.cpu_us", zip(recorded, without).map { $0.cpu - $1.cpu }.median, "µs"),
            Figure("journal.recorded.tasks_per_s", recorded.map { 1e6 / $0.wall }.median, "1/s"),
            Figure("journal.resume.seconds_per_million", resumed.map(\.wall).median, "s"),
            Figure(
                "journal.open.seconds_per_million",
                (runs[.opened] ?? []).map { $0.wall }.median, "s"),
            Figure("journal.bytes_per_task", bytes.median, "B"),
            Figure("journal.memory_per_call", zip(recorded, without).map { $0.memory - $1.memory }.median, "B"),
            Figure("journal.none.ratio", Ratio(of: without.map(\.cpu), to: plain.map(\.cpu)).median, "×"),
        ].compactMap { $0 }
    }

    private func measure(_ setup: Setup, _ journal: String) async throws -> Run {
        var configuration = WorkflowEngine.Configuration(
            workers: 2, logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() })
        if setup != .plain, setup != .without { configuration.journal = Journal(journal) }
        let (set, count) = (configuration, setup == .opened ? 0 : tasks)
        let (memory, measurement) = try await Measurement.of {
            try await withWorkflowEngine(set, signals: .ignored) { flow in
                let before = process_usage_resident_bytes()
                let plain = flow.functionTask("task") { (value: Int) -> Int in value &* 3 }
                let durable = flow.functionTask("task", durable: 1) { (value: Int) -> Int in value &* 3 }
                for start in stride(from: 0, to: count, by: 1_000) {
                    let range = start..<min(start + 1_000, count)
                    _ = try await range.map { setup == .plain ? plain($0) : durable($0) }.values()
                }
                return Double(process_usage_resident_bytes()) - Double(before)
            }
        }
        let scale = Double(tasks)
        return Run(
            cpu: measurement.cpu.microseconds / scale, wall: measurement.wall.microseconds / scale,
            memory: memory / scale)
    }

    private static func size(of folder: String) -> Double {
        let paths = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return paths.reduce(0) { sum, path in
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(path)")
            guard attributes?[.type] as? FileAttributeType == .typeRegular else { return sum }
            return sum + (attributes?[.size] as? Double ?? 0)
        }
    }
}
