import TestSupport
import Testing

@testable import AsyncFlowSlurm

@Suite("Random lives of pilots")
struct PilotMachineRandomTests {
    static let seeds: [UInt64] = (0..<20).map { TestRun.seed &+ $0 } + [1, 2, 3]

    /// What the cluster has: pilots that come late, fail, lose nodes and end.
    private struct Cluster {
        var asked: [Int] = []
        var granted: [Int: Duration] = [:]
        var leaving: [Int] = []
        var used: [String: Int] = [:]
        var running: [UInt64: (pilot: Int, shares: [PilotMachine.Share], kind: PilotMachine.Kind, end: Duration)] = [:]
    }

    @Test("each task ends once, nothing has more than it has, no pilot starts what wouldn't fit", arguments: seeds)
    func lives(_ seed: UInt64) {
        var random = SeededGenerator(state: seed)
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
        var settings = PilotMachine.Settings()
        settings.nodes = 2
        settings.coresPerNode = 4
        settings.maximumPilots = Int.random(in: 1...3, using: &random)
        settings.walltime = .seconds(200)
        settings.endMargin = .seconds(5)
        settings.idleTimeout = .seconds(20)
        settings.failureLimit = 1_000_000
        var machine = PilotMachine(settings)
        var cluster = Cluster()
        var ends: [UInt64: Int] = [:]
        let count: UInt64 = 150
        var next: UInt64 = 1
        var kinds: [UInt64: PilotMachine.Kind] = [:]
        var now = Duration.zero

        func take(_ actions: [PilotMachine.Action]) {
            for action in actions {
                switch action {
                case .allocate(let pilot):
                    cluster.asked.append(pilot)
                    let live = cluster.asked.count + cluster.granted.count
                    // Those that drain aren't counted.
                    #expect(live <= settings.maximumPilots + 2, "seed \(seed)")
                case .release(let pilot):
                    cluster.asked.removeAll { $0 == pilot }
                    cluster.granted[pilot] = nil
                    cluster.leaving.append(pilot)
                case .start(let key, let pilot, let shares):
                    let kind = kinds[key]!
                    #expect(cluster.running[key] == nil && ends[key] == nil, "seed \(seed): \(key) started twice")
                    #expect(shares.reduce(0) { $0 + $1.ranks } == kind.need.ranks, "seed \(seed)")
                    for share in shares {
                        cluster.used["\(pilot)-\(share.node)", default: 0] += share.ranks * kind.need.cores
                        #expect(cluster.used["\(pilot)-\(share.node)"]! <= 4, "seed \(seed): a node is overfull")
                    }
                    let end = cluster.granted[pilot]
                    #expect(end != nil, "seed \(seed): started on a pilot that isn't there")
                    if let end, let time = kind.timeout {
                        #expect(now + time <= end, "seed \(seed): \(key) wouldn't end in time")
                    }
                    let time = kind.timeout ?? .seconds(Int.random(in: 1...30, using: &random))
                    cluster.running[key] = (pilot, shares, kind, now + time)
                case .end(let key, _):
                    ends[key, default: 0] += 1
                    #expect(cluster.running[key] == nil, "seed \(seed): ended while it ran")
                }
            }
        }
        func finish(_ key: UInt64, elapsed: Duration?) {
            let task = cluster.running.removeValue(forKey: key)!
            for share in task.shares {
                cluster.used["\(task.pilot)-\(share.node)"]! -= share.ranks * task.kind.need.cores
            }
            ends[key, default: 0] += 1
            take(machine.finished(key, elapsed: elapsed, now: now))
        }

        var steps = 0
        while ends.count < Int(count), steps < 20_000 {
            steps += 1
            now += .seconds(1)
            while next <= count, chance(40) {
                let kind = PilotMachine.Kind(
                    need: .init(
                        cores: Int.random(in: 1...4, using: &random), ranks: chance(10) ? 2 : 1),
                    priority: chance(10) ? 1 : 0, name: "name \(next % 3)",
                    timeout: chance(30) ? .seconds(Int.random(in: 1...150, using: &random)) : nil)
                kinds[next] = kind
                take(machine.submit(next, kind, now: now))
                next += 1
            }
            if next > 1, chance(3) {
                take(machine.cancel(.random(in: 1..<next, using: &random), now: now))
            }
            for pilot in cluster.asked where chance(20) {
                cluster.asked.removeAll { $0 == pilot }
                if chance(20) {
                    take(machine.failed(pilot, "no", isFinal: false, now: now))
                } else {
                    cluster.granted[pilot] = now + .seconds(200)
                    take(machine.granted(pilot, nodes: ["a", "b"], end: now + .seconds(200), now: now))
                    for node in 0..<2 { take(machine.nodeReady(pilot, node, now: now)) }
                }
            }
            for pilot in cluster.granted.keys.sorted() where chance(1) {
                let node = Int.random(in: 0..<2, using: &random)
                machine.nodeSuspended(pilot, node)
                let lost = cluster.running.filter {
                    $0.value.pilot == pilot && $0.value.shares.contains { $0.node == node }
                }
                for key in lost.keys.sorted() { finish(key, elapsed: nil) }
                take(
                    chance(50) ? machine.nodeReady(pilot, node, now: now) : machine.nodeLost(pilot, node, "x", now: now)
                )
            }
            for (pilot, end) in cluster.granted.sorted(by: { $0.key < $1.key }) where end <= now {
                cluster.leaving.append(pilot)
                cluster.granted[pilot] = nil
            }
            for pilot in cluster.leaving where chance(50) {
                cluster.leaving.removeAll { $0 == pilot }
                for key in cluster.running.filter({ $0.value.pilot == pilot }).keys.sorted() {
                    finish(key, elapsed: nil)
                }
                take(machine.ended(pilot, now: now))
            }
            for (key, task) in cluster.running.sorted(by: { $0.key < $1.key }) where task.end <= now {
                // What an earlier one's end led to may have ended it, too.
                if cluster.running[key] != nil {
                    finish(key, elapsed: .seconds(Int.random(in: 1...30, using: &random)))
                }
            }
            if let time = machine.nextTime(after: now - .seconds(1)), time <= now { take(machine.timePassed(now)) }
        }
        #expect(ends.count == Int(count), "seed \(seed): \(machine.lines) \(machine.pilots)")
        #expect(ends.values.allSatisfy { $0 == 1 }, "seed \(seed)")
        // Everything was given back, and in the end all pilots go.
        for pilot in machine.pilots.values where pilot.stage == .running {
            #expect(pilot.taskCount == 0 && pilot.nodes.allSatisfy { $0.cores == 4 }, "seed \(seed)")
        }
        for action in machine.close() {
            if case .release(let pilot) = action { _ = machine.ended(pilot, now: now) }
        }
        for pilot in cluster.leaving { _ = machine.ended(pilot, now: now) }
        #expect(machine.isOver, "seed \(seed)")
    }
}
