import AsyncFlow
import Foundation
import TestSupport
import Testing

@testable import AsyncFlowSlurm

@Suite(
    "A program that is killed while its commands are jobs of a real Slurm",
    .enabled(if: SlurmCluster.isInstalled, "Slurm isn't installed: scripts/install-tools slurm"), SlurmCluster(),
    .serialized, .timeLimit(.minutes(10)))
struct RealReattachingTests {
    private func program() throws -> KilledProgram {
        try KilledProgram(
            programs: nil, environment: ["SLURM_CONF": SlurmCluster.configuration], in: SlurmCluster.folder)
    }

    /// The number of jobs that Slurm has had so far, of all programs.
    private func jobs() async throws -> Int {
        let text = try await SlurmCluster.call("squeue", ["--noheader", "--array", "--states=all", "--format=%j"])
        return text.split(separator: "\n").filter { $0.hasPrefix(JobSubmission.namePrefix) }.count
    }

    @Test("while jobs run, some end meanwhile, and the controller is away when it is started again")
    func running() async throws {
        let program = try program()
        let before = try await jobs()
        try await program.killWhileRunning("many", jobs: 20)
        let submitted = try await jobs()
        #expect(submitted == before + 20)
        try await SlurmCluster.saveState()
        try await SlurmCluster.control("kill-controller")
        let again = try program.start("many")
        program.openGate()
        try await until("the jobs have ended") {
            program.files(endingWith: ".end").count >= 20 || program.begun.count == 20
        }
        try await SlurmCluster.control("start-controller")
        #expect(await again.end() == "210\n")
        #expect(program.begun.count == 20)
        let after = try await jobs()
        #expect(after == submitted)
    }

    @Test("while a job waits in the queue: it keeps its place there")
    func pending() async throws {
        let program = try program()
        let before = try await jobs()
        // Nobody gets a node.
        try await SlurmCluster.call("scontrol", ["update", "PartitionName=main", "State=DOWN"])
        let run = try program.start()
        let waits: Void? = try? await until("the job waits") { try await jobs() == before + 1 }
        run.kill()
        _ = await run.end()
        let again = try program.start()
        try await SlurmCluster.call("scontrol", ["update", "PartitionName=main", "State=UP"])
        #expect(waits != nil)
        try await until("the job runs") { program.begun.count == 1 }
        program.openGate()
        #expect(await again.end() == "done\n\n")
        #expect(program.begun.count == 1)
        let after = try await jobs()
        #expect(after == before + 1)
    }

    @Test("before, while and after it submits", arguments: [0, 20, 60, 120, 250])
    func submission(delay: Int) async throws {
        let program = try program()
        let run = try program.start()
        // The moment isn't known exactly, and doesn't have to be.
        try await until("it writes the job's script") { !program.files(endingWith: ".sh").isEmpty }
        try await Task.sleep(for: .milliseconds(delay))
        run.kill()
        _ = await run.end()
        let again = try program.start()
        // Seen once in five runs of the suite, with 20 ms: the job didn't begin within a minute. Not understood yet.
        try await withKnownIssue(isIntermittent: true) {
            try await until("the job runs") { !program.begun.isEmpty }
        } when: {
            delay == 20
        }
        if program.begun.isEmpty { return again.kill() }
        program.openGate()
        #expect(await again.end() == "done\n\n")
        #expect(program.begun.count == 1)
        try await SlurmCluster.wait(for: "an empty queue") { try await SlurmCluster.queue().isEmpty }
        #expect(program.begun.count == 1)
    }

    @Test("after a job has ended, long after the queue has forgotten it")
    func forgotten() async throws {
        let program = try program()
        try await program.killWhileRunning("files")
        program.openGate()
        try await until("the job has ended") { !program.files(endingWith: ".end").isEmpty }
        #expect(await (try program.start("files")).end() == "done\n\n")
        #expect(program.begun.count == 1)
    }

    @Test("pilots whose program is gone are given back")
    func pilots() async throws {
        let name = "asyncflow-gone-pilot-1"
        for name in [name, "asyncflow-other-pilot-1"] {
            try await SlurmCluster.call("sbatch", ["--job-name=\(name)", "--output=/dev/null", "--wrap=sleep 1000"])
        }
        await SlurmCluster.pilot().endLeftovers([Array("asyncflow-gone-pilot".utf8)])
        try await SlurmCluster.wait(for: "only the other one") {
            try await SlurmCluster.call("squeue", ["--noheader", "--states=PENDING,RUNNING", "--format=%j"])
                == "asyncflow-other-pilot-1\n"
        }
        try await SlurmCluster.call("scancel", ["--name=asyncflow-other-pilot-1"])
    }
}
