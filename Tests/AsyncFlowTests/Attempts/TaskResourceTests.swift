import TestSupport
@testable import AsyncFlowBase
import AsyncFlowTesting
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses
@testable import AsyncFlowPolicies

@Suite("Resources of tasks", .timeLimit(.minutes(2)))
struct TaskResourceTests {
    private func engine(
        cores: Int = 4, memory: MemorySize = .gigabytes(8), gpus: Int = 2, slots: [String: Int] = ["license": 2],
        dryRun: Bool = false
    ) throws -> WorkflowEngine {
        let capacity = ResourceCapacity(cores: cores, memory: memory, gpus: gpus, slots: slots)
        return try WorkflowEngine(.quiet(dryRun: dryRun), backends: [LocalBackend(capacity: capacity)])
    }

    /// What running bodies have together, and the most of it at any time.
    private struct Use: Sendable {
        var cores = 0, gigabytes = 0, milliGPUs = 0, licenses = 0

        mutating func add(_ other: Use, times factor: Int) {
            cores += factor * other.cores
            gigabytes += factor * other.gigabytes
            milliGPUs += factor * other.milliGPUs
            licenses += factor * other.licenses
        }

        var fits: Bool { cores <= 4 && gigabytes <= 8 && milliGPUs <= 2000 && licenses <= 2 }
    }

    private final class Meter: Sendable {
        private let use = Lock(Use())
        let isExceeded = Counter()
        func enter(_ part: Use) {
            let fits = use.withLock { use in
                use.add(part, times: 1)
                return use.fits
            }
            if !fits { isExceeded.add(1) }
        }
        func leave(_ part: Use) { use.withLock { $0.add(part, times: -1) } }
    }

    @Test("running never exceeds what there is, whatever a campaign consists of", arguments: Seeds.some(2))
    func campaign(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let flow = try engine()
        let meter = Meter()
        var futures: [TaskFuture<Void>] = []
        for _ in 0..<1_000 {
            let part = Use(
                cores: .random(in: 1...4, using: &random), gigabytes: .random(in: 0...8, using: &random),
                milliGPUs: [0, 0, 0, 250, 500, 1000, 2000].randomElement(using: &random)!,
                licenses: .random(in: 0...2, using: &random))
            let request = ResourceRequest(
                cores: part.cores, memory: .gigabytes(Double(part.gigabytes)), gpus: Double(part.milliGPUs) / 1000,
                slots: ["license": part.licenses])
            let fails = random.chance(0.1)
            let priority = Int.random(in: -2...2, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                let command = flow.executableTask("command", .resources(request), .priority(priority)) { "/bin/true" }
                futures.append(command().map { _ in })
            case 1...4:
                futures.append(
                    flow.functionTask("sync", .resources(request), .priority(priority), .retry(1)) {
                        meter.enter(part)
                        defer { meter.leave(part) }
                        if fails { throw TestError() }
                    }())
            default:
                futures.append(
                    flow.functionTask("async", .resources(request), .priority(priority)) {
                        meter.enter(part)
                        defer { meter.leave(part) }
                        await Task.yield()
                        if fails { throw TestError() }
                    }())
            }
            if random.chance(0.1) { futures.randomElement(using: &random)!.cancel() }
        }
        for future in futures { _ = await future.result }
        await flow.shutdown()
        #expect(meter.isExceeded.value == 0, "seed \(seed)")
        #expect(flow.core.router.isUnused, "seed \(seed)")
    }

    @Test("bodies that run at the same time never have more together than there is", arguments: Seeds.some(3))
    func functions(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let flow = try engine()
        let meter = Meter()
        for _ in 0..<10_000 {
            let part = Use(
                cores: .random(in: 1...4, using: &random), gigabytes: .random(in: 0...8, using: &random),
                milliGPUs: [0, 0, 0, 250, 500, 1000, 2000].randomElement(using: &random)!,
                licenses: .random(in: 0...2, using: &random))
            let request = ResourceRequest(
                cores: part.cores, memory: .gigabytes(Double(part.gigabytes)), gpus: Double(part.milliGPUs) / 1000,
                slots: ["license": part.licenses])
            let isAsync = random.chance(0.5)
            let body: @Sendable () -> Void = {
                meter.enter(part)
                meter.leave(part)
            }
            if isAsync {
                flow.functionTask("async", .resources(request)) {
                    meter.enter(part)
                    await Task.yield()
                    meter.leave(part)
                }()
            } else {
                flow.functionTask("sync", .resources(request)) { body() }()
            }
        }
        await flow.waitUntilIdle()
        #expect(meter.isExceeded.value == 0, "seed \(seed)")
        await flow.shutdown()
        #expect(flow.core.router.isUnused, "seed \(seed)")
    }

    @Test("a task that can never fit fails at once and says why")
    func neverFits() async throws {
        let flow = try engine()
        let future = flow.executableTask("big", .cores(5), .memory(.gigabytes(9)), .gpus(3), .slots("seat")) {
            "true"
        }()
        let error = try #require(await future.error as? TaskRefusedError)
        #expect(error.code == .insufficientResources)
        for part in ["5 cores", "3 GPUs", "1 'seat'", "backend 'local' has 4", "2 GPUs", "no 'seat'"] {
            #expect(error.message.contains(part), "\(error.message)")
        }
        await flow.shutdown()
    }

    @Test("a dry run shows tasks that need more than this machine has")
    func dryRun() async throws {
        let flow = try engine(dryRun: true)
        let big = flow.executableTask("big", .cores(500), .retry(3), .timeout(.seconds(1)), .limit(concurrent: 1)) {
            "simulate"
        }
        let after = flow.functionTask("after", .gpus(64)) { (text: String) in text.count }.fallback(1)
        let future = after(big())
        try await #expect(future.value == 0)
        #expect(flow.dryRunReport.entries.map(\.name) == ["big", "after"])
        await flow.shutdown()
    }

    @Test("commands find the GPUs they got, and their cores, in their environment")
    func environment() async throws {
        let flow = try engine()
        let (started, gate) = (Recorder<[String]>(), Gate())
        let hold = flow.functionTask("hold", .gpus(1)) {
            started.append(TaskContext.current!.resources!.gpus.map(\.gpu.id))
            try await gate.wait()
        }
        let show = flow.executableTask("show") {
            .shell("echo \"${CUDA_VISIBLE_DEVICES-unset} ${OMP_NUM_THREADS-unset}\"")
        }
        let holding = hold()
        while started.count < 1 { await Task.yield() }
        let taken = started.values[0][0]
        let other = try await show.with(.gpus(1), .cores(3))().value.trimmed
        #expect(other == (taken == "0" ? "1 3" : "0 3"))
        gate.open()
        try await holding.value
        try await #expect(show.with(.gpus(2))().value.trimmed.hasPrefix("0,1 "))
        try await #expect(show.with(.gpus(0.5), .cores(2))().value.trimmed.hasSuffix(" 2"))
        let own = flow.executableTask("own", .gpus(1), .cores(2)) {
            Command.shell("echo \"$CUDA_VISIBLE_DEVICES $OMP_NUM_THREADS\"")
                .environment(["CUDA_VISIBLE_DEVICES": "7", "OMP_NUM_THREADS": "11"])
        }
        try await #expect(own().value.trimmed == "7 11")
        await flow.shutdown()
    }

    @Test("shares of a GPU fill one before they begin the next, and four quarters run at once")
    func fractions() async throws {
        let flow = try engine(cores: 16)
        let (gate, ids) = (Gate(), Recorder<String>())
        let quarter = flow.functionTask("quarter", .gpus(0.25)) {
            let share = TaskContext.current!.resources!.gpus[0]
            #expect(share.fraction == 0.25)
            ids.append(share.gpu.id)
            try await gate.wait()
        }
        let futures = (0..<9).map { _ in quarter() }
        while ids.count < 8 { await Task.yield() }
        #expect(ids.values.count { $0 == "0" } == 4 && ids.values.count { $0 == "1" } == 4)
        #expect(flow.core.router.waitingCount == 1)
        gate.open()
        for future in futures { try await future.value }
        await flow.shutdown()
        #expect(flow.core.router.isUnused)
    }

    @Test("slots of a name are shared by whatever tasks ask for them")
    func slots() async throws {
        let flow = try engine(cores: 16)
        let gauge = Gauge()
        let licensed = flow.functionTask("licensed", .slots("license")) {
            gauge.up()
            await Task.yield()
            gauge.down()
        }
        let greedy = licensed.with(.slots("license", 2))
        for _ in 0..<100 {
            licensed()
            greedy()
        }
        await flow.waitUntilIdle()
        #expect(gauge.total == 200)
        #expect(gauge.highest <= 2)
        await flow.shutdown()
    }
}
