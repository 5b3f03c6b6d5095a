import AsyncFlow
import Foundation
import TestSupport
import Testing

@testable import AsyncFlowSlurm

@Suite("A program that is killed while its commands are jobs of Slurm", .timeLimit(.minutes(3)))
struct ReattachingTests {
    let slurm: FakeSlurm
    let program: KilledProgram
    init() throws {
        slurm = try FakeSlurm()
        program = try KilledProgram(programs: slurm.path)
    }

    private var submissions: Int { slurm.calls(of: "sbatch").count }

    @Test("waits for the job that runs, and has its output", arguments: ["text", "files", "captured", "once"])
    func running(_ kind: String) async throws {
        try await program.killWhileRunning(kind)
        let again = try program.start(kind)
        try await until("the queue is asked again") { slurm.calls(of: "squeue").count > 2 }
        program.openGate()
        #expect(await again.end() == "done\n\n")
        #expect(submissions == 1)
        #expect(program.begun.count == 1)
        // Its value is recorded; Slurm isn't asked about it.
        let calls = slurm.calls(of: "squeue").count
        #expect(await (try program.start(kind)).end().hasPrefix("done"))
        #expect(slurm.calls(of: "squeue").count == calls)
        #expect(program.begun.count == 1)
    }

    @Test("takes the end of a job that ended while nobody waited, without asking the queue")
    func ended() async throws {
        try await program.killWhileRunning()
        program.openGate()
        try await until("the job has ended") { !program.files(endingWith: ".end").isEmpty }
        let questions = slurm.calls(of: "squeue").count
        #expect(await (try program.start()).end() == "done\n\n")
        #expect(slurm.calls(of: "squeue").count == questions)
        #expect(submissions == 1)
        #expect(program.files(endingWith: ".end") == [])
    }

    @Test("is killed again and again while the job runs")
    func again() async throws {
        try await program.killWhileRunning()
        for _ in 0..<4 {
            let questions = slurm.calls(of: "squeue").count
            let run = try program.start()
            try await until("the queue is asked") { slurm.calls(of: "squeue").count > questions }
            run.kill()
            _ = await run.end()
        }
        let last = try program.start()
        program.openGate()
        #expect(await last.end() == "done\n\n")
        #expect(submissions == 1)
        #expect(program.begun.count == 1)
    }

    @Test(
        "starts a job once, whenever it is killed around the submission",
        arguments: [("kill-before", 2), ("kill-early", 3), ("kill-after", 1)])
    func submission(_ mode: String, _ most: Int) async throws {
        slurm.tell("sbatch", mode)
        #expect(await (try program.start()).end() == "killed")
        let again = try program.start()
        try await until("the job runs") { !program.begun.isEmpty }
        if mode == "kill-early" { try await until("the late one has arrived") { submissions >= 2 } }
        program.openGate()
        #expect(await again.end() == "done\n\n")
        #expect(program.begun.count == 1)
        #expect(submissions <= most)
    }

    @Test("counts the failure of a job that ended while nobody waited", arguments: [("failing", 1), ("retried", 2)])
    func failing(_ kind: String, _ times: Int) async throws {
        try await program.killWhileRunning(kind)
        program.openGate()
        try await until("the job has ended") { !program.files(endingWith: ".end").isEmpty }
        let text = await (try program.start(kind)).end()
        #expect(text.contains("7") && text.contains("trouble"))
        #expect(program.begun.count == times)
        #expect(submissions == times)
    }

    @Test("submits again a job that vanished without an end, but not one that may run once only")
    func vanished() async throws {
        for kind in ["text", "once"] {
            let (slurm, program): (FakeSlurm, KilledProgram)
            slurm = try FakeSlurm()
            program = try KilledProgram(programs: slurm.path)
            try await program.killWhileRunning(kind)
            let job = try #require(program.begun.first)
            kill(-getpgid(job), SIGKILL)
            // The controller knows nothing of it any more.
            for file in try FileManager.default.contentsOfDirectory(atPath: slurm.path) where file.hasPrefix("job.") {
                try FileManager.default.removeItem(atPath: "\(slurm.path)/\(file)")
            }
            program.openGate()
            let text = await (try program.start(kind)).end()
            #expect(kind == "text" ? text == "done\n\n" : text.contains("may run only once"))
            #expect(slurm.calls(of: "sbatch").count == (kind == "text" ? 2 : 1))
        }
    }

    @Test("waits for an array of jobs, of which some have ended")
    func many() async throws {
        try await program.killWhileRunning("many", jobs: 20)
        let again = try program.start("many")
        program.openGate()
        #expect(await again.end() == "210\n")
        #expect(program.begun.count == 20)
        #expect(submissions == 1)
    }

    @Test("gives back the pilots of interrupted runs, and nothing else")
    func pilots() async throws {
        var settings = SlurmPilotBackend.Settings()
        settings.programFolder = slurm.path
        let backend = SlurmPilotBackend(coresPerNode: 1, settings: settings)
        slurm.tell(
            "squeue", answers: [Array("asyncflow-old-pilot-1\nasyncflow-old-pilot-12\nasyncflow-oldest-1\nmine\n".utf8)]
        )
        await backend.endLeftovers([Array("asyncflow-old-pilot".utf8), Array("--all".utf8)])
        let names = slurm.calls(of: "scancel").compactMap { $0.split(separator: " ").last.map(String.init) }.sorted()
        #expect(names == ["--name=asyncflow-old-pilot-1", "--name=asyncflow-old-pilot-12"])
    }
}
