import ArgumentParser
import AsyncFlow
import AsyncFlowWorkers
import BenchmarkSupport

/// What a worker of the pool does in the benchmark: next to nothing.
enum WorkerTasks {
    static let increment = PortableTask("increment") { (number: Int) in number + 1 }
    static let all: [any PortableTaskDefinition] = [increment]
}

/// What it costs to run a function in another process.
struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "Portable tasks in a local pool of two workers: the round trip of one, and the rate of many.")

    @Option(help: "How many round trips are measured, one after the other.")
    var roundtrips = 20_000

    @Option(help: "How many tasks are called at once for the rate.")
    var tasks = 200_000

    @Option(help: "Rounds; figures are medians over them.")
    var rounds = 5

    @Option(help: "A Python in whose environment other engines' pools are, for the same table.")
    var python: String?

    func validate() throws {
        guard roundtrips >= 1, tasks >= 1, rounds >= 1 else {
            throw ValidationError("--roundtrips, --tasks and --rounds take numbers of 1 or more.")
        }
    }

    func run() async throws {
        var table = Table(
            title: "A function that adds 1, in two worker processes:",
            header: ["engine", "round trip, µs (median)", "99 %", "tasks/s"])
        var figures: [Figure?] = []
        let pool = WorkerPoolBackend(workers: 2)
        let (trips, rates) = try await withWorkflowEngine(backends: [pool]) { flow in
            let increment = flow.portableTask(WorkerTasks.increment, .on("pool"))
            while pool.workers.count(where: \.isReady) < 2 { _ = try await increment(0).value }
            for number in 0..<2_000 { _ = try await increment(number).value }
            let clock = ContinuousClock()
            var trips: [Double] = []
            for number in 0..<roundtrips {
                let start = clock.now
                guard try await increment(number).value == number + 1 else { throw ValidationError("A wrong result.") }
                trips.append(start.duration(to: clock.now).microseconds)
            }
            var rates: [Double] = []
            for _ in 0..<rounds {
                let start = clock.now
                let futures = (0..<tasks).map { increment($0) }
                var sum = 0
                for future in futures { sum += try await future.value }
                guard sum == tasks * (tasks + 1) / 2 else { throw ValidationError("Wrong results: sum \(sum).") }
                rates.append(Double(tasks) / start.duration(to: clock.now).microseconds * 1e6)
            }
            return (trips, rates)
        }
        let (median, slow) = (trips.median, trips.percentile(0.99))
        let bare = try await PipeLoop().run(count: roundtrips)
        table.rows.append(["AsyncFlow", median.text, slow.text, rates.median.text])
        table.rows.append(["two processes in C, a pipe", bare.median.text, bare.slow.text, "–"])
        figures.append(Figure("worker.roundtrip_p50_us", median, "us"))
        figures.append(Figure("worker.bare_roundtrip_p50_us", bare.median, "us"))
        figures.append(Figure("worker.roundtrip_p99_us", slow, "us"))
        figures.append(Figure("worker.tasks_per_s", rates.median, "1/s"))
        if let python { try await addPeers(python, to: &table, &figures) }
        table.print()
        Figure.print(figures.compactMap(\.self))
    }

    /// Runs the same with the pools of other engines, which print a figure each.
    private func addPeers(_ python: String, to table: inout Table, _ figures: inout [Figure?]) async throws {
        let script = "Benchmarks/Peers/process_pools.py"
        let text = try await withWorkflowEngine { flow in
            try await flow.executableTask("peers") { "\(python) \(script)" }().value
        }
        var found: [Figure] = []
        for line in text.split(separator: "\n") {
            if let figure = Figure(line: line) { found.append(figure) } else { Swift.print(line) }
        }
        for trip in found where trip.name.hasSuffix(".roundtrip_p50_us") {
            let name = String(trip.name.split(separator: ".")[1])
            let rate = found.first { $0.name == "worker.\(name).tasks_per_s" }
            table.rows.append([name, trip.value.text, "–", rate.map(\.value).text])
        }
        figures += found
    }
}
