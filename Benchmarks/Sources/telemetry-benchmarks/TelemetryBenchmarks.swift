import ArgumentParser
import AsyncFlow
import AsyncFlowOpenTelemetry
import AsyncFlowTelemetry
import BenchmarkSupport
import Foundation
import Hummingbird
import Logging

/// What it costs to record, show and export what happens.
@main
struct TelemetryBenchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "telemetry-benchmarks",
        abstract: "Layers of tasks without telemetry, with a recording, and with recording, progress and OTLP together."
    )

    @Option(help: "Tasks of a run.")
    var tasks = 300_000

    @Option(help: "Rounds; figures are medians over them.")
    var rounds = 3

    @Option(help: "Only this one, without figures: for a profiler.")
    var only: TelemetrySetup?

    func validate() throws {
        guard tasks >= 1_000, rounds >= 1 else {
            throw ValidationError("--tasks takes a number of 1,000 or more, --rounds one of 1 or more.")
        }
    }

    func run() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("asyncflow-telemetry-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (collector, port) = try await Self.startCollector()
        defer { collector.cancel() }

        _ = try await Self.run(.nothing, tasks / 10, folder, port)
        if let only {
            for _ in 0..<rounds { print(try await Self.run(only, tasks, folder, port).text) }
            return
        }
        var runs: [TelemetrySetup: [TelemetryRun]] = [:]
        for _ in 0..<rounds {
            for setup in TelemetrySetup.allCases {
                runs[setup, default: []].append(try await Self.run(setup, tasks, folder, port))
            }
        }

        var table = Table(
            title: "\(tasks) synchronous tasks in layers of 100; until everything is written and sent:",
            header: ["", "CPU µs per task", "wall µs per task", "tasks/s", "events/s", "left out"])
        for setup in TelemetrySetup.allCases {
            let all = runs[setup] ?? []
            table.rows.append([
                setup.rawValue, all.map(\.cpu).median.text, all.map(\.wall).median.text,
                all.map { 1e6 / $0.wall }.median.text,
                all.map { $0.events / $0.wall * 1e6 / Double(tasks) }.median.text,
                all.map { Double($0.leftOut) }.median.text,
            ])
        }
        table.print()

        let nothing = (runs[.nothing] ?? []).map(\.cpu)
        let recording = runs[.recording] ?? []
        let perEvent = zip(recording, nothing).map { ($0.cpu - $1) * Double(tasks) / $0.events }
        Figure.print(
            [
                Figure("none.ratio", Ratio(of: (runs[.stopped] ?? []).map(\.cpu), to: nothing).median, "x"),
                Figure("jsonl.us_per_event", perEvent.median, "us"),
                Figure(
                    "jsonl.events_per_s", recording.map { $0.events / ($0.wall * Double(tasks)) * 1e6 }.median,
                    "events/s"),
                Figure("jsonl.left_out", recording.map { Double($0.leftOut) }.median, "events"),
                Figure("all.tasks_per_s", (runs[.everything] ?? []).map { 1e6 / $0.wall }.median, "tasks/s"),
                Figure("all.left_out", (runs[.everything] ?? []).map { Double($0.leftOut) }.median, "events"),
                Figure(
                    "dead_collector.tasks_per_s", (runs[.deadCollector] ?? []).map { 1e6 / $0.wall }.median, "tasks/s"),
            ].compactMap(\.self))
    }

    /// One run: from the first call until the engine has ended, and with it whatever writes or sends.
    private static func run(_ setup: TelemetrySetup, _ tasks: Int, _ folder: URL, _ port: Int) async throws
        -> TelemetryRun
    {
        let (readers, measurement) = try await Measurement.of {
            try await withWorkflowEngine(.init(logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() })) {
                flow in
                let readers = try await Readers(setup, flow, folder, port)
                let one = flow.functionTask("one") { (value: Int) in value &+ 1 }
                let sum = flow.functionTask("sum") { (values: [Int]) in values.reduce(0, &+) }
                var last = one(0)
                for _ in 0..<(tasks / 101) { last = sum((0..<100).map { _ in one(last) }) }
                _ = try await last.value
                return readers
            }
        }
        let lines = try readers.recording.map { try Self.countLines(URL(fileURLWithPath: $0)) }
        return TelemetryRun(
            cpu: measurement.cpu.microseconds / Double(tasks), wall: measurement.wall.microseconds / Double(tasks),
            events: Double(lines?.events ?? 0),
            leftOut: (lines?.leftOut ?? 0)
                + (readers.export.map { $0.statistics.droppedEvents + $0.statistics.lost } ?? 0))
    }

    /// What follows the engine in a run.
    private struct Readers: Sendable {
        var recording: String?
        var export: OpenTelemetryExport?

        init(_ setup: TelemetrySetup, _ flow: WorkflowEngine, _ folder: URL, _ port: Int) async throws {
            guard setup != .nothing else { return }
            let telemetry = try flow.startTelemetry(.init(recording: .directory(folder.path)))
            recording = telemetry.recordingPath
            if setup == .stopped { await telemetry.stop() }
            guard setup == .everything || setup == .deadCollector else { return }
            flow.startProgress(.init(style: .plain, interval: .seconds(1)))
            let url = "http://127.0.0.1:\(setup == .deadCollector ? 9 : port)"
            export = try flow.startOpenTelemetry(.init(environment: ["OTEL_EXPORTER_OTLP_ENDPOINT": url]))
        }
    }

    /// The events of a recording, and how many of them it says were left out.
    private static func countLines(_ file: URL) throws -> (events: Int, leftOut: Int) {
        let data = try Data(contentsOf: file, options: .alwaysMapped)
        defer { try? FileManager.default.removeItem(at: file) }
        let count = data.withUnsafeBytes { bytes in bytes.reduce(0) { $1 == 0x0A ? $0 + 1 : $0 } }
        var leftOut = 0
        // Such a line is rare, and then the run's last ones are enough to tell.
        let end = String(decoding: data.suffix(1 << 20), as: UTF8.self)
        for line in end.split(separator: "\n") where line.contains("\"asyncflow.EventsDropped\"") {
            leftOut += line.firstMatch(of: /"count":(\d+)/).flatMap { Int($0.1) } ?? 0
        }
        return (count, leftOut)
    }

    /// A collector in this process that takes everything and looks at nothing.
    private static func startCollector() async throws -> (Task<Void, any Error>, port: Int) {
        let router = Router()
        router.post("v1/**") { request, _ in
            for try await _ in request.body {}
            return HTTPResponse.Status.ok
        }
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { found.yield($0.localAddress?.port ?? 0) },
            logger: Logger(label: "collector") { _ in SwiftLogNoOpLogHandler() })
        let server = Task { try await application.run() }
        for await port in ports { return (server, port) }
        throw ValidationError("The collector's server ended before it had begun.")
    }
}

enum TelemetrySetup: String, CaseIterable, ExpressibleByArgument {
    case nothing
    /// Started, and stopped before the first task.
    case stopped = "started and stopped"
    case recording
    case everything = "recording, progress, OTLP"
    case deadCollector = "the same, dead collector"
}

private struct TelemetryRun {
    /// In microseconds per task.
    var cpu, wall: Double
    var events: Double
    var leftOut: Int

    var text: String {
        "CPU \(cpu.text) µs, wall \(wall.text) µs per task; \(events.text) events, \(leftOut) left out"
    }
}
