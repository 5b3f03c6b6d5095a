import ArgumentParser
@_spi(Benchmarks) import AsyncFlow
import BenchmarkSupport

/// What it costs to decide which of many waiting tasks start next.
struct SchedulingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scheduling",
        abstract: "The decision which of 1,000 to 100,000 queued tasks with mixed resources starts next.")

    @Option(help: "How many tasks are queued; may be repeated. 1,000, 10,000 and 100,000 unless given.")
    var queued: [Int] = []

    @Option(help: "Rounds; figures are medians over them.")
    var rounds = 5

    func validate() throws {
        guard rounds >= 1, queued.allSatisfy({ $0 >= 1 }) else {
            throw ValidationError("--queued and --rounds take numbers of 1 or more.")
        }
    }

    func run() async throws {
        let capacity = ResourceCapacity(
            cores: 64, memory: .gigabytes(256), gpus: (0..<8).map { GPU(id: "\($0)") }, slots: ["license": 4])
        let sizes = queued.isEmpty ? [1_000, 10_000, 100_000] : queued
        var table = Table(
            title: "64 cores, 256 GiB, 8 GPUs, 4 licenses; µs of CPU time per task:",
            header: ["requests", "queued", "submit", "decide", "wall, 99 %"])
        var figures: [Figure?] = []
        for mix in RequestMix.allCases {
            for size in sizes {
                let requests = mix.requests(size)
                var costs: [Costs] = []
                for _ in 0..<rounds { costs.append(try Self.drain(requests, mix, capacity)) }
                let submit = costs.map(\.submit).median
                let decide = costs.map(\.decide).median
                let slow = costs.map(\.slow).median
                table.rows.append([mix.rawValue, "\(size)", submit.text, decide.text, slow.text])
                let prefix = mix == .mixed ? "decision" : "decision.\(mix)"
                figures.append(Figure("\(prefix).us_at_\(size)", decide, "us"))
                figures.append(Figure("\(prefix).submit_us_at_\(size)", submit, "us"))
            }
        }
        table.print()
        Figure.print(figures.compactMap(\.self))
    }

    private struct Costs {
        /// Per submitted task, while nothing can start.
        var submit = 0.0
        /// Per started task, until the queue is empty: the end of one and the decision what starts next.
        var decide = 0.0
        /// What 99 of 100 ends and the decisions after them don't exceed, by the clock.
        var slow = 0.0
    }

    /// Queues all tasks behind one that has every core, and then ends one after the other in a random order.
    private static func drain(
        _ requests: [ResourceRequest], _ mix: RequestMix, _ capacity: ResourceCapacity
    ) throws -> Costs {
        var queue = ResourceQueueProbe(capacity: capacity)
        var random = Numbers()
        var running: [Int] = []
        var costs = Costs()
        queue.submit(-1, ResourceRequest(cores: capacity.cores), definition: nil, startingInto: &running)
        var before = Measurement.cpuTime()
        for (id, request) in requests.enumerated() {
            queue.submit(id, request, definition: mix == .limited ? id % 50 : nil, startingInto: &running)
        }
        costs.submit = (Measurement.cpuTime() - before).microseconds / Double(requests.count)
        guard running == [-1], queue.waitingCount == requests.count else {
            throw ValidationError("Tasks started although no core was free: the figures would mean nothing.")
        }

        let clock = ContinuousClock()
        var walls: [Double] = []
        walls.reserveCapacity(requests.count + 1)
        before = Measurement.cpuTime()
        while !running.isEmpty {
            running.swapAt(Int(random.next() % UInt64(running.count)), running.count - 1)
            let start = clock.now
            queue.finish(running.removeLast(), startingInto: &running)
            walls.append(start.duration(to: clock.now).microseconds)
        }
        costs.decide = (Measurement.cpuTime() - before).microseconds / Double(requests.count)
        costs.slow = walls.percentile(0.99) ?? .nan
        guard walls.count == requests.count + 1, queue.waitingCount == 0 else {
            throw ValidationError("\(queue.waitingCount) tasks never started: the figures would mean nothing.")
        }
        return costs
    }
}

/// What the queued tasks ask for.
private enum RequestMix: String, CaseIterable, CustomStringConvertible {
    /// As many kinds as a large workflow has.
    case mixed
    /// The same in 50 task definitions, each of which may run at most four times at once.
    case limited
    /// No two tasks ask for the same amount of memory, which is what is scarce.
    case allDifferent = "all different"

    var description: String { self == .allDifferent ? "all_different" : rawValue }

    func requests(_ count: Int) -> [ResourceRequest] {
        var random = Numbers()
        return (0..<count).map { number in
            switch self {
            case .mixed, .limited:
                var request = ResourceRequest(
                    cores: [1, 1, 1, 2, 4, 8, 32][Int(random.next() % 7)],
                    memory: .gigabytes([1, 2, 4, 16][Int(random.next() % 4)]))
                switch random.next() % 10 {
                case 0: request.gpus = 0.25
                case 1: request.gpus = 0.5
                case 2: request.gpus = 1
                case 3: request.gpus = 2
                case 4: request.slots = ["license": 1]
                default: break
                }
                return request
            case .allDifferent:
                return ResourceRequest(
                    cores: 1, memory: .bytes(Int64(4 << 30) + Int64(random.next() % (4 << 30)) + Int64(number)))
            }
        }
    }
}

/// The same numbers in every run, by a linear congruential generator (Knuth, MMIX), of which the higher bits are used.
private struct Numbers {
    private var state: UInt64 = 42

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}
