import AsyncFlow
import Foundation
import TestSupport
import Testing

@testable import AsyncFlowSlurm

/// Answers that Slurm's programs would never give, for `ASYNCFLOW_FUZZ_SECONDS` (10) from `ASYNCFLOW_FUZZ_SEED` on.
@Suite("Hostile: Slurm's programs", .serialized, .timeLimit(.minutes(60)))
struct HostileProgramTests {
    private static let samples = [
        "asyncflow-1 12 0 RUNNING 0 None\nasyncflow-1 12 1 FAILED 1792 node3\nother 13 N/A PENDING 0 n/a\n",
        "asyncflow-1 4294967295 4000000 CANCELLED 65535 node1\nasyncflow-1-pilot-1 5 N/A COMPLETING 0 n\n",
        "12_3|asyncflow-1|CANCELLED by 0|0:15\n12_4|asyncflow-1|TIMEOUT|1:0\n", "exit 7\n", "signal 11\n",
        "1-02:03:04", "02:03:04", "UNLIMITED", "node[1-3,5]\nnode7\n", "12;cluster\n",
        "CUDA_VISIBLE_DEVICES=2,3\nROCR_VISIBLE_DEVICES=GPU-1,MIG-2\n", "16(x2),4",
    ]

    @Test("nothing that is read ends the program, and what was read is within its bounds")
    func readers() {
        let seed = TestRun.seed
        print("seed of the readers: \(seed)")
        var mutation = Mutation(random: SeededGenerator(state: seed))
        let end = ContinuousClock.now + TestRun.fuzzDuration / 2
        repeat {
            let text = String(decoding: mutation.changed(mutation.pick(Self.samples).utf8), as: UTF8.self)
            let comment = Comment(rawValue: "seed \(seed): \(text.debugDescription)")
            do {
                for row in try SlurmPrograms.rows(ofQueue: text) + SlurmPrograms.rows(ofAccounting: text) {
                    #expect(SlurmNumber.ids.contains(Int(row.arrayID) ?? 0), comment)
                    #expect(SlurmNumber.indices.contains(row.index), comment)
                    #expect(row.waitStatus.map { (0...0xFFFF).contains($0) } ?? true, comment)
                    #expect(row.node?.unicodeScalars.contains { $0.value < 0x20 } != true, comment)
                    if let status = row.waitStatus { _ = JobEnd(waitStatus: status) }
                }
            } catch {
                let words = "\(error)"
                #expect(words.count < 300 && !words.unicodeScalars.contains { $0.value < 0x20 }, comment)
            }
            if let time = SlurmPrograms.time(text) { #expect(time >= .zero && time < .seconds(1 << 50), comment) }
            if case .exited(let code)? = JobFiles.end(text) { #expect((0...255).contains(code), comment) }
            let gpus = NodeGPUs(count: 2, answer: text).environment(for: [.init(index: 1, thousandths: 1000)])
            #expect(!gpus.isEmpty, comment)
            let allocation = SlurmPilotBackend.CurrentAllocation([
                "SLURM_JOB_ID": "1", "SLURM_JOB_NODELIST": text, "SLURM_JOB_NUM_NODES": text,
                "SLURM_JOB_CPUS_PER_NODE": text,
            ])
            #expect(
                allocation == nil
                    || allocation?.nodes.multipliedReportingOverflow(by: allocation?.cores ?? 0).overflow == false)
        } while ContinuousClock.now < end
    }

    @Test("whatever the programs answer for a while, each task ends once, with its result or with an error in words")
    func backend() async throws {
        let seed = TestRun.seed
        print("seed of the programs: \(seed)")
        var mutation = Mutation(random: SeededGenerator(state: seed &+ 1))
        let end = ContinuousClock.now + TestRun.fuzzDuration / 2
        repeat {
            let slurm = try FakeSlurm()
            for program in ["sbatch", "squeue", "squeue", "scancel", "sacct"] {
                let texts = (0..<Int.random(in: 0...4, using: &mutation.random)).map { _ in
                    mutation.changed(mutation.pick(answers).utf8)
                }
                if !texts.isEmpty { slurm.tell(program, answers: texts) }
            }
            let backend = slurm.backend {
                $0.shortestPoll = .milliseconds(10)
                $0.longestPoll = .milliseconds(50)
                $0.outagePatience = .seconds(1)
                $0.commandPatience = .seconds(10)
            }
            try await withSlurmEngine(backend) { flow in
                let say = flow.executableTask("say") { (number: Int) in "echo \(number)" }
                let futures = (1...3).map { say($0) }
                futures[2].cancel()
                for (number, future) in futures.enumerated() {
                    switch await future.result {
                    case .success(let text): #expect(text == "\(number + 1)\n", "seed \(seed)")
                    case .failure(let error):
                        let words = "\(error)"
                        let isHarmless = !words.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" }
                        #expect(words.count < 4000 && isHarmless, "seed \(seed): \(words.debugDescription)")
                    }
                }
            }
        } while ContinuousClock.now < end
    }

    private let answers = [
        "@NAME@ 12 0 RUNNING 0 None\n@NAME@ 12 1 FAILED 1792 node3\nother 13 N/A PENDING 0 n/a\n",
        "@NAME@ 12 0 CANCELLED 15 node1\n@NAME@ 12 2 COMPLETED 0 node1\n", "@NAME@ 12 1 BEAMED_UP 0 n\n", "12\n",
        "12_0|@NAME@|COMPLETED|0:0\n", "", "garbage",
    ]
}
