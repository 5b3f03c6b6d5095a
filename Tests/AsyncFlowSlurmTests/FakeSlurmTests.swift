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

    @Test("limits may be of any length", arguments: [Duration.seconds(Int64.max), .seconds(Int64.max) * 4])
    func longLimits(limit: Duration) async throws {
        let backend = slurm.backend {
            $0.commandPatience = limit
            $0.outagePatience = limit
            $0.longestPoll = limit
        }
        try await withSlurmEngine(backend) { flow in
            let text = try await flow.executableTask("say", .slurm(time: limit)) { "echo done" }().value
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

    @Test("output above the limit of what is kept in memory is an error that says so")
    func outputLimit() async throws {
        try await withSlurmEngine(slurm.backend(), maximumOutput: .kilobytes(64)) { flow in
            let most = flow.executableTask("most") { "head -c 65536 /dev/zero" }
            let text = try await most().value
            #expect(text.utf8.count == 65_536)
            let error = await flow.executableTask("more") { "head -c 65537 /dev/zero" }().rootError as? CommandError
            #expect(error?.reason == .outputTooLong(limit: .kilobytes(64)))
        }
    }

    @Test("a program's path may contain what env and Slurm understand in their own way")
    func paths() async throws {
        let folder = slurm.path + "/lr=0.1 50%A"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let program = folder + "/a=b.sh"
        _ = FileManager.default.createFile(
            atPath: program, contents: Data("#!/bin/sh\necho right $A $#\n".utf8),
            attributes: [.posixPermissions: 0o755])
        try await withSlurmEngine(slurm.backend()) { flow in
            let run = flow.executableTask("run") { (inherits: Bool) in
                Command(program, "/bin/echo", "hijacked").environment(["A": "one"]).inheritingEnvironment(inherits)
            }
            for inherits in [true, false] {
                let text = try await run(inherits).value
                #expect(text == "right one 2\n")
            }
            let plain = flow.executableTask("plain") { Command(program, "/bin/echo", ":") }
            let text = try await plain().value
            #expect(text == "right 2\n")
            let name = FileNameText.text([0x61, 0xE9])  // not UTF-8
            let bytes = flow.executableTask("bytes") {
                Command("/bin/sh", "-c", #"printf %s "$1" | od -tx1"#, "sh", name)
            }
            let dump = try await bytes().value
            #expect(dump.hasPrefix("0000000 61 e9\n"), "\(dump)")
            let dash = flow.executableTask("dash") { Command("-x") }
            #expect((await dash().rootError as? SlurmJobError)?.detail.contains("write the program's path") == true)
        }
    }

    @Test(
        "scripts, input, output and their folder are their owner's alone from the beginning, and links aren't followed")
    func permissions() async throws {
        func mode(_ path: String) throws -> Int {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int ?? 0
        }
        let old = umask(0)
        defer { umask(old) }
        try await withSlurmEngine(slurm.backend()) { flow in
            let folder = flow.runDirectory + "/slurm"
            let look = flow.executableTask("look") {
                Command.shell("cd \"$FOLDER\" && stat -c '%a %n' . *.* && umask").standardInput(.text("in"))
                    .environment(["FOLDER": folder])
            }
            let lines = try await look().value.split(separator: "\n")
            #expect(lines.contains("700 ."), "\(lines)")
            #expect(lines.last == "0000", "the command's own umask: \(lines)")
            for suffix in [".sh", ".in", ".out", ".err", ".tasks"] {
                let own = lines.filter { $0.hasSuffix(suffix) }
                #expect(!own.isEmpty && own.allSatisfy { $0.hasPrefix("600 ") }, "\(suffix): \(lines)")
            }
        }
        let (target, link) = (slurm.path + "/target", slurm.path + "/link")
        _ = FileManager.default.createFile(atPath: target, contents: Data("kept".utf8))
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
        #expect(throws: SlurmJobError.self) { try WholeFile.create(link, Data("new".utf8)) }
        #expect(FileManager.default.contents(atPath: target) == Data("kept".utf8))
    }

    @Test(
        "two engines share a backend, one after the other and both at once, and the end of one isn't that of the other")
    func twoEngines() async throws {
        let backend = slurm.backend()
        let gate = slurm.path + "/gate"
        let wait = Command.shell("until [ -e \"$GATE\" ]; do sleep 0.05; done; echo done").environment(["GATE": gate])
        try await withSlurmEngine(backend) { flow in
            let text = try await flow.executableTask("first") { "echo first" }().value
            #expect(text == "first\n")
        }
        try await withSlurmEngine(backend) { flow in
            let events = flow.events
            let future = flow.executableTask("wait") { wait }()
            for await event in events where event.type == .taskStarted { break }
            try await withSlurmEngine(backend) { other in
                let text = try await other.executableTask("other") { "echo other" }().value
                #expect(text == "other\n")
            }
            _ = FileManager.default.createFile(atPath: gate, contents: nil)
            let text = try await future.value
            #expect(text == "done\n")
        }
    }

    @Test("a job in a state that isn't known, and jobs that aren't ours, change nothing")
    func strangers() async throws {
        slurm.tell("squeue", "strangers")
        try await withSlurmEngine(slurm.backend()) { flow in
            let text = try await flow.executableTask("say") { Command.shell("sleep 1; echo done") }().value
            #expect(text == "done\n")
        }
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
