import ArgumentParser
import AsyncFlow
import AsyncFlowPython
import AsyncFlowWorkers
import BenchmarkSupport
import Foundation

/// A function of one Python worker, next to one of a Swift worker in the same minute: the round trip, the rate, large
/// values, cancellation.
@main
struct PythonBenchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "python-benchmarks",
        abstract: "Functions written in Python: round trip, rate, large values, cancellation; next to Swift workers.")

    @Option(help: "Round trips that are measured, one after the other, of each language.")
    var roundtrips = 10_000

    @Option(help: "Calls at once for the rate.")
    var calls = 50_000

    @Option(help: "Rounds; figures are medians over them.")
    var rounds = 5

    @Option(help: "The interpreter.")
    var python = "python3"

    func validate() throws {
        guard roundtrips >= 1, calls >= 1, rounds >= 1 else {
            throw ValidationError("--roundtrips, --calls and --rounds take numbers of 1 or more.")
        }
    }

    static func main() async {
        do {
            // The Swift worker is this program.
            try await WorkflowWorker.serveIfLaunchedAsOne([Functions.swiftIncrement])
            var command = try Self.parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch { exit(withError: error) }
    }

    func run() async throws {
        var figures: [Figure?] = []
        var table = Table(title: "A function that adds 1, in one worker process:", header: ["", "Python", "Swift"])
        let first = try await firstCalls()
        let swift = WorkerPoolBackend(workers: 1)
        let python = PythonBackend(workers: 1, environment: .executable(python))
        try await withWorkflowEngine(backends: [LocalBackend(), swift, python]) { flow in
            let increment = flow.pythonTask(Functions.increment)
            let swiftIncrement = flow.portableTask(Functions.swiftIncrement, .on("pool"))
            var (trips, swiftTrips): ([Double], [Double]) = ([], [])
            // In turns, so that both meet the same machine.
            for _ in 0..<rounds {
                trips += try await Self.roundtrips(increment, roundtrips / rounds)
                swiftTrips += try await Self.roundtrips(swiftIncrement, roundtrips / rounds)
            }
            var (rates, swiftRates): ([Double], [Double]) = ([], [])
            for _ in 0..<rounds {
                rates.append(try await Self.rate(increment, calls))
                swiftRates.append(try await Self.rate(swiftIncrement, calls))
            }
            table.rows.append(["round trip, µs (median)", trips.median.text, swiftTrips.median.text])
            table.rows.append(["calls/s", rates.median.text, swiftRates.median.text])
            figures.append(Figure("python.roundtrip_p50_us", trips.median, "us"))
            figures.append(Figure("python.swift_roundtrip_p50_us", swiftTrips.median, "us"))
            if let own = trips.median, let other = swiftTrips.median {
                figures.append(Figure("python.roundtrip_ratio", own / other, "ratio"))
            }
            figures.append(Figure("python.calls_per_s", rates.median, "1/s"))
            figures.append(Figure("python.swift_calls_per_s", swiftRates.median, "1/s"))
            figures += try await values(flow, python)
            figures += try await cancellation(flow)
        }
        figures.append(Figure("python.first_call_ms", first.median.map { $0 / 1e3 }, "ms"))
        table.print()
        Figure.print(figures.compactMap(\.self))
    }

    // MARK: - Calls

    private static func roundtrips(_ task: PortableFunctionTask<Int, Int>, _ count: Int) async throws -> [Double] {
        let clock = ContinuousClock()
        for number in 0..<500 { _ = try await task(number).value }
        var trips: [Double] = []
        for number in 0..<max(1, count) {
            let start = clock.now
            guard try await task(number).value == number + 1 else { throw ValidationError("A wrong result.") }
            trips.append(start.duration(to: clock.now).microseconds)
        }
        return trips
    }

    private static func rate(_ task: PortableFunctionTask<Int, Int>, _ count: Int) async throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        let futures = (0..<count).map { task($0) }
        var sum = 0
        for future in futures { sum += try await future.value }
        guard sum == count * (count + 1) / 2 else { throw ValidationError("Wrong results: sum \(sum).") }
        return Double(count) / start.duration(to: clock.now).microseconds * 1e6
    }

    /// From the engine's start to the first value, the interpreter's start included, in microseconds.
    private func firstCalls() async throws -> [Double] {
        let clock = ContinuousClock()
        var times: [Double] = []
        for _ in 0..<rounds {
            let start = clock.now
            let python = PythonBackend(workers: 1, environment: .executable(python))
            let time = try await withWorkflowEngine(backends: [python]) { flow in
                _ = try await flow.pythonTask(Functions.increment)(1).value
                return start.duration(to: clock.now).microseconds
            }
            times.append(time)
        }
        return times
    }

    // MARK: - Values

    private func values(_ flow: WorkflowEngine, _ python: PythonBackend) async throws -> [Figure?] {
        let clock = ContinuousClock()
        let size = flow.pythonTask(Functions.size)
        let parts = flow.pythonTask(Functions.parts)
        _ = try await size([1]).value
        var (idle, cpu, structs): ([Double], [Double], [Double]) = ([], [], [])
        let eight = [Double](repeating: 1, count: 1 << 20)
        let eighty = [Double](repeating: 1, count: 10_000_000)
        let batch = Batch(name: "batch", weights: Tensor(repeating: 1, shape: [500, 1000]))
        let id = python.workers.first?.processID ?? 0
        for _ in 0..<max(3, rounds) {
            // The pool's thread sleeps by now, and so does the worker.
            try await Task.sleep(for: .milliseconds(300))
            var start = clock.now
            guard try await size(eight).value == eight.count else { throw ValidationError("A wrong result.") }
            idle.append(start.duration(to: clock.now).microseconds / 1e3)
            let before = Self.cpu(of: id) + Measurement.cpuTime().microseconds / 1e3
            guard try await size(eighty).value == eighty.count else { throw ValidationError("A wrong result.") }
            cpu.append(Self.cpu(of: id) + Measurement.cpuTime().microseconds / 1e3 - before)
            start = clock.now
            guard try await parts(batch).value == 500_000 else { throw ValidationError("A wrong result.") }
            structs.append(start.duration(to: clock.now).microseconds / 1e3)
        }
        return [
            Figure("python.idle_8mib_ms", idle.median, "ms"), Figure("python.array_80mb_cpu_ms", cpu.median, "ms"),
            Figure("python.tensor_struct_ms", structs.median, "ms"),
        ]
    }

    /// The CPU time of a process, in milliseconds; 0 where that isn't known.
    private static func cpu(of id: Int32) -> Double {
        guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return 0 }
        let words = text[end...].split(separator: " ")
        guard words.count > 13, let user = Double(words[12]), let system = Double(words[13]) else { return 0 }
        return (user + system) * 10
    }

    // MARK: - Cancellation

    /// From the cancellation of a loop in Python to the end of its task, in milliseconds.
    private func cancellation(_ flow: WorkflowEngine) async throws -> [Figure?] {
        let clock = ContinuousClock()
        let spin = flow.pythonTask(Functions.spin, .gracePeriod(.seconds(60)))
        var times: [Double] = []
        for _ in 0..<max(10, rounds) {
            let future = spin(60)
            try await Task.sleep(for: .milliseconds(100))
            let start = clock.now
            future.cancel()
            _ = await future.result
            times.append(start.duration(to: clock.now).microseconds / 1e3)
        }
        return [Figure("python.cancel_ms", times.median, "ms"), Figure("python.cancel_max_ms", times.max(), "ms")]
    }
}

struct Batch: Codable, TaskValue {
    var name: String
    var weights: Tensor<Double>
}

enum Functions {
    static let swiftIncrement = PortableTask("increment") { (number: Int) in number + 1 }
    static let increment = PythonTask(
        "increment", as: ((Int) -> Int).self, source: "def increment(number): return number + 1")
    static let size = PythonTask("size", as: (([Double]) -> Int).self, source: "def size(numbers): return len(numbers)")
    static let parts = PythonTask(
        "parts", as: ((Batch) -> Int).self,
        source: """
            def parts(batch):
                rows = batch["weights"]
                return len(rows) * len(rows[0])
            """)
    static let spin = PythonTask(
        "spin", as: ((Double) -> Double).self,
        source: """
            import time
            def spin(seconds):
                end = time.monotonic() + seconds
                while time.monotonic() < end: pass
                return seconds
            """)
}
