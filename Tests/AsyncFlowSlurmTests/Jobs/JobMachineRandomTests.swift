import TestSupport
import Testing

@testable import AsyncFlowSlurm

/// A cluster that loses answers, forgets jobs and gives their ids to others; and files that show late.
private struct FaultyCluster {
    struct Job {
        var row: JobRow
        var key: UInt64
        var isLeft = false
    }
    var random: SeededGenerator
    var jobs: [Job] = []
    var lastID = 0
    var claims: Set<UInt64> = []
    var ends: [UInt64: JobEnd] = [:]
    var executions: [UInt64: Int] = [:]

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    mutating func submit(_ name: String, _ keys: [UInt64]) -> String {
        lastID += 1
        for (index, key) in keys.enumerated() {
            jobs.append(Job(row: JobRow(arrayID: "\(lastID)", index: index, name: name, state: .waiting), key: key))
        }
        return "\(lastID)"
    }

    mutating func step() {
        if chance(2), !jobs.isEmpty {
            // A hard death of the controller: the last job is forgotten, and its id used again.
            jobs.removeAll { $0.row.arrayID == "\(lastID)" && $0.row.state == .waiting }
            lastID -= 1
        }
        for index in jobs.indices where jobs[index].row.state.isActive && chance(30) {
            let key = jobs[index].key
            if jobs[index].row.state == .waiting {
                if claims.insert(key).inserted {
                    executions[key, default: 0] += 1
                    jobs[index].row.state = .running
                } else {
                    jobs[index].row.state = .failed
                    jobs[index].row.waitStatus = 75 << 8
                }
            } else if chance(10) {
                jobs[index].row.state = .nodeFailed
            } else {
                let code = Int32(key % 3)
                ends[key] = .exited(code)
                jobs[index].row.state = code == 0 ? .completed : .failed
                jobs[index].row.waitStatus = code << 8
            }
        }
    }

    mutating func cancel(_ ids: [String], _ indices: [Int]?, _ name: String) {
        for index in jobs.indices where jobs[index].row.name == name && jobs[index].row.state.isActive {
            let row = jobs[index].row
            if ids.contains(row.arrayID), indices?.contains(row.index) ?? true { jobs[index].row.state = .cancelled }
        }
    }
}

struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite("Random lives of jobs in a faulty cluster")
struct JobMachineRandomTests {
    static let seeds: [UInt64] = (0..<40).map { TestRun.seed &+ $0 } + [1, 2, 3]

    @Test("each task ends once, runs at most once, and ends with the truth", arguments: seeds)
    func lives(_ seed: UInt64) {
        var cluster = FaultyCluster(random: SeededGenerator(state: seed))
        var machine = JobMachine(
            prefix: "run",
            limits: .init(arraySize: 7, outagePatience: .seconds(1_000_000), forgottenLimit: 1_000_000))
        var outcomes: [UInt64: JobOutcome] = [:]
        var cancelled: Set<UInt64> = []
        let count: UInt64 = 60
        var next: UInt64 = 1
        var queue: [JobMachine.Action] = []
        var steps = 0
        while outcomes.count < Int(count), steps < 20_000 {
            steps += 1
            let now = Duration.seconds(steps)
            if next <= count, cluster.chance(30) {
                machine.add(next, ["\(next % 2)"])
                next += 1
            }
            if cluster.chance(20) { queue += machine.submitCollected() }
            if next > 1, cluster.chance(3) {
                let key = UInt64.random(in: 1..<next, using: &cluster.random)
                if outcomes[key] == nil { cancelled.insert(key) }
                queue += machine.cancel(key)
            }
            cluster.step()
            if cluster.chance(30) { queue += machine.cancellations() }
            if cluster.chance(30) {
                let question = machine.ask()
                if cluster.chance(15) {
                    queue += machine.answerFailed(now: now)
                } else {
                    // Now and then a row is missing, or in a state that isn't known.
                    var rows: [JobRow] = []
                    for job in cluster.jobs where !cluster.chance(1) {
                        var row = job.row
                        if cluster.chance(2) { row.state = .unknown }
                        rows.append(row)
                    }
                    queue += machine.answered(question, rows, now: now)
                }
            }
            while !queue.isEmpty {
                switch queue.removeFirst() {
                case .submit(let name, _, let keys):
                    switch Int.random(in: 0..<10, using: &cluster.random) {
                    case 0: machine.submissionFailed(name, "down", isTransient: true, now: now)
                    case 1:
                        _ = cluster.submit(name, keys)
                        machine.submissionFailed(name, "timed out", isTransient: true, now: now)
                    default: machine.submitted(name, id: cluster.submit(name, keys))
                    }
                case .inspect(let keys):
                    var found: [UInt64: JobEvidence] = [:]
                    for key in keys {
                        let isLate = cluster.chance(20)
                        found[key] =
                            cluster.ends[key].flatMap { isLate ? nil : .ended($0) }
                            ?? (cluster.claims.contains(key) ? .claimed : .untouched)
                    }
                    queue += machine.inspected(found)
                case .account: queue += machine.accounted(nil)
                case .void(let keys): cluster.claims.formUnion(keys)
                case .cancel(let name, let ids, let indices): cluster.cancel(ids, indices, name)
                case .started(let key): #expect(outcomes[key] == nil, "seed \(seed): \(key) started after its end")
                case .end(let key, let outcome):
                    #expect(outcomes[key] == nil, "seed \(seed): \(key) ended twice")
                    outcomes[key] = outcome
                    if case .ended(let end, _) = outcome, let truth = cluster.ends[key] {
                        #expect(end == truth, "seed \(seed): \(key)")
                    }
                    if outcome == .cancelled { #expect(cancelled.contains(key), "seed \(seed): \(key)") }
                }
            }
        }
        #expect(outcomes.count == Int(count), "seed \(seed): \(machine.jobs)")
        #expect(cluster.executions.values.allSatisfy { $0 == 1 }, "seed \(seed)")
        #expect(!machine.hasSubmissions, "seed \(seed)")
    }
}
