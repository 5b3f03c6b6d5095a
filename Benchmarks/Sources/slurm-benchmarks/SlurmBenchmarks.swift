import ArgumentParser
import AsyncFlow
import AsyncFlowSlurm
import AsyncFlowWorkers
import BenchmarkSupport
import Foundation
import Logging

/// What it takes to submit many jobs, and to run many short commands inside an allocation. Needs a Slurm that has room
/// for two nodes with eight cores each at once; `scripts/benchmark slurm` starts one on this machine.
@main
struct SlurmBenchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slurm-benchmarks",
        abstract: "Jobs submitted to Slurm, and commands in a pilot next to one srun each.")

    @Option(help: "Jobs that are submitted, and commands that run in the pilot.")
    var tasks = 1000

    @Option(help: "Commands that are run by one srun each, in an allocation of the same size.")
    var steps = 100

    @Option(help: "Rounds; figures are medians over them.")
    var rounds = 3

    func validate() throws {
        guard tasks >= 10, steps >= 10, rounds >= 1 else {
            throw ValidationError("--tasks and --steps take numbers of 10 or more, --rounds one of 1 or more.")
        }
    }

    static func main() async {
        do {
            // The nodes of the pilot run this program, as a worker.
            try await WorkflowWorker.serveIfLaunchedAsOne([])
            var command = try Self.parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch { exit(withError: error) }
    }

    func run() async throws {
        let folder = URL(filePath: FileManager.default.currentDirectoryPath)
            .appending(path: "asyncflow-slurm-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        var (alike, different, pilot, srun): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
        for round in 1...rounds {
            let folder = folder.appending(path: "\(round)")
            alike.append(try await Self.submit(tasks, inKinds: 1, folder))
            different.append(try await Self.submit(steps, inKinds: steps, folder))
            pilot.append(try await Self.runInPilot(tasks, folder))
            srun.append(try await Self.runBySrun(steps, folder))
        }
        var table = Table(
            title: "Jobs and commands of Slurm, \(rounds) rounds:", header: ["", "number", "seconds", "per second"])
        let rows = [
            ("jobs submitted, alike", tasks, alike), ("jobs submitted, each of its own kind", steps, different),
            ("commands in a pilot of two nodes", tasks, pilot), ("commands by one srun each, 16 at once", steps, srun),
        ]
        for (name, count, rates) in rows {
            table.rows.append([name, "\(count)", rates.map { Double(count) / $0 }.median.text, rates.median.text])
        }
        table.print()
        Figure.print(
            [
                Figure("jobs.submit_per_s", alike.median, "jobs/s"),
                Figure("jobs.submit_unlike_per_s", different.median, "jobs/s"),
                Figure("pilot.commands_per_s", pilot.median, "commands/s"),
                Figure("srun.commands_per_s", srun.median, "commands/s"),
                Figure("pilot.rate_ratio", Ratio(of: pilot, to: srun).median, "x"),
            ].compactMap(\.self))
    }

    /// - Returns: how many jobs came into the queue per second, from the first call on.
    private static func submit(_ count: Int, inKinds kinds: Int, _ folder: URL) async throws -> Double {
        try await withEngine(folder, [SlurmBackend(), LocalBackend()]) { flow in
            let jobs = (0..<kinds).map { kind in
                flow.executableTask("job \(kind)", .slurm(extraArguments: ["--nice=\(kind)"])) { "sleep 1000" }
            }
            let queue = flow.executableTask("queue", .on("local")) {
                Command.shell("squeue --noheader --array --me --format=%A | wc -l")
            }
            let (elapsed, _) = try await time {
                for number in 0..<count { _ = jobs[number % kinds]() }
                while try await Int(queue().value.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0 < count {}
            }
            await flow.shutdown(.immediate)
            return Double(count) / elapsed
        }
    }

    /// - Returns: how many commands ended per second in a pilot that was there already.
    private static func runInPilot(_ count: Int, _ folder: URL) async throws -> Double {
        try await withEngine(folder, [SlurmPilotBackend(nodes: 2, coresPerNode: 8)]) { flow in
            let command = flow.executableTask("command") { "true" }
            for future in (0..<64).map({ _ in command() }) { _ = try await future.value }
            let (elapsed, _) = try await time {
                for future in (0..<count).map({ _ in command() }) { _ = try await future.value }
            }
            return Double(count) / elapsed
        }
    }

    /// - Returns: how many commands ended per second as steps of an allocation that was there already.
    private static func runBySrun(_ count: Int, _ folder: URL) async throws -> Double {
        try await withEngine(folder, [LocalBackend(maximumProcesses: 16)]) { flow in
            let allocate = flow.executableTask("allocate") {
                Command.shell(
                    "salloc --no-shell --nodes=2 --ntasks-per-node=8 --job-name=benchmark >&2"
                        + " && squeue --noheader --me --name=benchmark --states=R --format=%A")
            }
            let id = try await allocate().value.trimmingCharacters(in: .whitespacesAndNewlines)
            let step = flow.executableTask("step") {
                Command("srun", "--jobid=\(id)", "--overlap", "-N1", "-n1", "true")
            }
            for future in (0..<16).map({ _ in step() }) { _ = try await future.value }
            let (elapsed, _) = try await time {
                for future in (0..<count).map({ _ in step() }) { _ = try await future.value }
            }
            _ = try await flow.executableTask("cancel") { Command("scancel", id) }().value
            return Double(count) / elapsed
        }
    }

    private static func time<Result>(_ body: () async throws -> Result) async throws -> (Double, Result) {
        let begin = ContinuousClock.now
        let result = try await body()
        return ((ContinuousClock.now - begin) / .seconds(1), result)
    }

    private static func withEngine<Result: Sendable>(
        _ folder: URL, _ backends: [any Backend], _ body: @Sendable (WorkflowEngine) async throws -> Result
    ) async throws -> Result {
        try await withWorkflowEngine(
            .init(workDirectory: folder.path, logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }),
            backends: backends, body)
    }
}
