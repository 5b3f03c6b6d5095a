import AsyncFlow
import Foundation
import Testing

@testable import AsyncFlowSlurm

@Suite("Tasks as jobs of a Slurm that misbehaves", .timeLimit(.minutes(3)))
struct FakeSlurmTests {
    let slurm: FakeSlurm
    init() throws { slurm = try FakeSlurm() }

    @Test("output, exit codes, signals, input and environment")
    func ends() async throws {
        try await withSlurmEngine(slurm.backend()) { flow in
            let say = flow.executableTask("say") { (text: String) in "echo \(text)" }
            let fail = flow.executableTask("fail") { Command.shell("echo trouble >&2; exit 7") }
            let die = flow.executableTask("die") { Command.shell("kill -9 $$") }
            let read = flow.executableTask("read") {
                Command("cat").standardInput(.text("in put"))
            }
            let look = flow.executableTask("look", .cores(3), .captureStdio) {
                Command.shell("echo $A $OMP_NUM_THREADS").environment(["A": "it's"])
            }
            let (said, failed, died, input, looked) = (say("a 'b' $c"), fail(), die(), read(), look())
            #expect(try await said.value == "a 'b' $c\n")
            #expect(try await input.value == "in put")
            let path = try await looked.value
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "it's 3\n")
            let error = await failed.rootError as? CommandError
            #expect(error?.exitCode == 7 && error?.standardErrorTail == "trouble\n")
            #expect((await died.rootError as? CommandError)?.signal == 9)
        }
        #expect(slurm.calls(of: "sbatch").count == 2)
    }

    @Test(
        "whatever happens to a submission, its tasks run once",
        arguments: ["late", "down", "garbage", "hang", "forget"])
    func submissions(_ mode: String) async throws {
        slurm.tell("sbatch", mode)
        try await withSlurmEngine(slurm.backend()) { flow in
            let marks = slurm.path + "/marks"
            let mark = flow.executableTask("mark") { (number: Int) in
                Command.shell("echo \(number) >>\"$MARKS\"").environment(["MARKS": marks])
            }
            for future in (1...5).map({ mark($0) }) { _ = try await future.value }
            let lines = try String(contentsOfFile: marks, encoding: .utf8).split(separator: "\n").sorted()
            #expect(lines == ["1", "2", "3", "4", "5"])
        }
        #expect(slurm.calls(of: "sbatch").count == (mode == "late" ? 1 : 2))
    }

    @Test("whatever the queue answers once, the result is the job's", arguments: ["garbage", "down", "hang", "empty"])
    func answers(_ mode: String) async throws {
        slurm.tell("squeue", mode)
        try await withSlurmEngine(slurm.backend()) { flow in
            let say = flow.executableTask("say") { "echo done" }
            let text = try await say().value
            #expect(text == "done\n")
        }
    }

    @Test("what is refused fails with what sbatch said")
    func refusal() async throws {
        slurm.tell("sbatch", "refuse")
        try await withSlurmEngine(slurm.backend()) { flow in
            let error = await flow.executableTask("say") { "echo" }().rootError as? SlurmJobError
            #expect(error?.reason == .rejected)
            #expect(error?.code == .submissionRejected)
            #expect(error?.message.contains("invalid partition") == true)
        }
    }

    @Test(
        "Slurm's reasons are failures that a policy can match",
        arguments: [
            ("TIMEOUT", SlurmJobError.Reason.timeLimit, FailureClass.timedOut),
            ("OUT_OF_MEMORY", .outOfMemory, .outOfMemory), ("NODE_FAIL", .nodeFailure, .workerLost),
            ("PREEMPTED", .preempted, .preempted),
        ])
    func reasons(_ state: String, _ reason: SlurmJobError.Reason, _ failure: FailureClass) async throws {
        slurm.tell("sbatch", state)
        try await withSlurmEngine(slurm.backend()) { flow in
            let say = flow.executableTask("say") { "echo done" }
            #expect((await say().rootError as? SlurmJobError)?.reason == reason)
            slurm.tell("sbatch", state)
            let stubborn = flow.executableTask("stubborn", .retry(2, on: failure)) { "echo again" }
            let text = try await stubborn().value
            #expect(text == "again\n")
        }
    }

    @Test("a cancelled task's job is cancelled, and only that")
    func cancelling() async throws {
        try await withSlurmEngine(slurm.backend()) { flow in
            let sleep = flow.executableTask("sleep") { "sleep 1000" }
            let events = flow.events
            let future = sleep()
            for await event in events where event.type == .taskStarted { break }
            future.cancel()
            _ = await future.result
            #expect(future.state == .cancelled)
        }
        #expect(slurm.calls(of: "scancel").count >= 1)
    }

    @Test("a dry run prints the submission")
    func dryRun() async throws {
        let backend = SlurmBackend(partition: "main", time: .seconds(90))
        try await withSlurmEngine(backend, dryRun: true) { flow in
            let say = flow.executableTask("say", .cores(2), .slurm(qos: "high")) { "echo done" }
            _ = try await say().value
            let detail = flow.dryRunReport.entries.first?.detail ?? ""
            #expect(detail.contains("--cpus-per-task=2 --partition=main --qos=high --time=0-00:01:30"))
            #expect(detail.hasPrefix("sbatch ") && detail.hasSuffix(": echo done"))
        }
        #expect(slurm.calls(of: "sbatch").isEmpty)
    }
}
