import AsyncFlow
import AsyncFlowBase
import AsyncFlowWorkers
import Foundation
import Testing
import WorkerProbeTasks

@testable import AsyncFlowSlurm

@Suite(
    "Tasks in a pilot on a real Slurm",
    .enabled(if: SlurmCluster.isInstalled, "Slurm isn't installed: scripts/install-tools slurm"), SlurmCluster(),
    .serialized, .timeLimit(.minutes(10)))
struct RealPilotTests {
    @Test("commands end with their output, exit code or signal, portable tasks with their value, on both nodes")
    func ends() async throws {
        try await withPilot(SlurmCluster.pilot()) { flow in
            let node = flow.executableTask("node") { Command.shell("sleep 0.2; echo $SLURMD_NODENAME") }
            let read = flow.executableTask("read", .cores(3)) {
                Command.shell("cat; echo $A $OMP_NUM_THREADS").standardInput(.text("in put ")).environment(["A": "it's"]
                )
            }
            let file = flow.executableTask("file", .captureStdio) { "echo into a file" }
            let fail = flow.executableTask("fail") { Command.shell("echo trouble >&2; exit 7") }
            let die = flow.executableTask("die") { Command.shell("kill -11 $$") }
            let missing = flow.executableTask("missing") { "there-is-no-such-program" }
            let add = flow.portableTask(Probe.add)
            let throwing = flow.portableTask(Probe.failTyped)

            let nodes = (1...8).map { _ in node() }
            let (readText, path, failed, died, absent) = (read(), file(), fail(), die(), missing())
            let (sum, thrown) = (add(1, 2), throwing(5))
            var names: Set<String> = []
            for future in nodes { names.insert(try await future.value) }
            #expect(names == ["node1\n", "node2\n"])
            let value1 = try await readText.value
            #expect(value1 == "in put it's 3\n")
            let written = try String(contentsOfFile: try await path.value, encoding: .utf8)
            #expect(written == "into a file\n")
            let error = await failed.rootError as? CommandError
            #expect(error?.exitCode == 7 && error?.standardErrorTail == "trouble\n")
            #expect((await died.rootError as? CommandError)?.signal == 11)
            #expect((await absent.rootError as? CommandError)?.reason == .notFound)
            let value2 = try await sum.value
            #expect(value2 == 3)
            #expect(await thrown.rootError as? ProbeError == ProbeError(number: 5))
        }
    }

    @Test("ranks run on several nodes")
    func ranks() async throws {
        try await withPilot(SlurmCluster.pilot()) { flow in
            let place = flow.executableTask("place", .ranks(6)) {
                Command.shell("echo $SLURMD_NODENAME $SLURM_NTASKS")
            }
            let lines = try await place().value.split(separator: "\n")
            #expect(lines.count == 6 && Set(lines).count == 2 && lines.allSatisfy { $0.hasSuffix(" 6") })
        }
    }

    @Test("what no pilot could hold is refused, and so is a pilot that Slurm refuses")
    func refusals() async throws {
        try await withPilot(SlurmCluster.pilot()) { flow in
            let big = flow.executableTask("big", .cores(5)) { "echo" }
            #expect((await big().rootError as? SlurmJobError)?.reason == .unusable)
        }
        let nowhere = SlurmPilotBackend(
            coresPerNode: 1, options: SlurmOptions(partition: "nowhere"), settings: SlurmCluster.pilotSettings())
        try await withPilot(nowhere) { flow in
            let error = await flow.executableTask("say") { "echo" }().rootError as? SlurmJobError
            #expect(error?.reason == .noPilot)
            #expect(error?.detail.contains("invalid partition") == true, "\(error?.detail ?? "")")
        }
    }

    @Test("a cancelled command ends with all that it started, and the others go on")
    func cancelling() async throws {
        let marks = SlurmCluster.folder + "/cancel"
        try await withPilot(SlurmCluster.pilot(nodes: 1)) { flow in
            let other = flow.executableTask("other") { Command.shell("sleep 3; echo on") }
            let sleep = flow.executableTask("sleep") {
                Command.shell("sleep 971 & echo $! >\"$MARKS.new\"; mv \"$MARKS.new\" \"$MARKS\"; wait")
                    .environment(["MARKS": marks])
            }
            let (going, future) = (other(), sleep())
            try await SlurmCluster.wait(for: "the command to run") { FileManager.default.fileExists(atPath: marks) }
            let id = try #require(
                Int32(
                    try String(contentsOfFile: marks, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)))
            future.cancel()
            _ = await future.result
            #expect(future.state == .cancelled)
            // Who ended and wasn't waited for yet is a zombie.
            let status = (try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)) ?? ""
            #expect(status.isEmpty || status.contains("State:\tZ"))
            let value3 = try await going.value
            #expect(value3 == "on\n")
        }
    }

    @Test("a portable task that crashes costs nobody else anything")
    func crash() async throws {
        try await withPilot(SlurmCluster.pilot(nodes: 1)) { flow in
            let crash = flow.portableTask(Probe.crash)
            let say = flow.executableTask("say") { Command.shell("sleep 1; echo on") }
            let (said, crashed) = (say(), crash("on purpose"))
            #expect(await crashed.rootError is WorkerLostError)
            let value4 = try await said.value
            #expect(value4 == "on\n")
            let value5 = try await flow.portableTask(Probe.add)(2, 3).value
            #expect(value5 == 5)
        }
    }

    @Test("a node crashes: its tasks fail, or are run again elsewhere, and the others go on")
    func nodeCrash() async throws {
        let marks = SlurmCluster.folder + "/crash"
        try await withPilot(SlurmCluster.pilot(cores: 1) { $0.heartbeatTimeout = .seconds(4) }) { flow in
            let mark = flow.executableTask("mark", .retry(3, on: .workerLost)) { (number: Int) in
                Command.shell(
                    "echo $SLURMD_NODENAME >\"$MARKS.\(number)\"; until [ -e \"$MARKS.gate\" ]; do sleep 0.1; done; "
                        + "echo $SLURMD_NODENAME"
                ).environment(["MARKS": marks])
            }
            let futures = (1...2).map { mark($0) }
            try await SlurmCluster.wait(for: "both commands to run") {
                (1...2).allSatisfy { FileManager.default.contents(atPath: "\(marks).\($0)")?.isEmpty == false }
            }
            let first = try String(contentsOfFile: "\(marks).1", encoding: .utf8)
            try await SlurmCluster.control("crash-node", String(first.dropFirst(4).prefix(1)))
            _ = FileManager.default.createFile(atPath: "\(marks).gate", contents: nil)
            let second = try String(contentsOfFile: "\(marks).2", encoding: .utf8)
            let value6 = try await futures[1].value
            #expect(value6 == second)
            let value7 = try await futures[0].value
            #expect(value7 == second)
            try await SlurmCluster.control("start-node", String(first.dropFirst(4).prefix(1)))
        }
    }

    @Test("a task that wouldn't end before its pilot does isn't started there, but in a further one")
    func walltime() async throws {
        let backend = SlurmCluster.pilot(nodes: 1, time: .seconds(60)) {
            $0.maximumPilots = 2
            $0.endMargin = .seconds(10)
        }
        try await withPilot(backend) { flow in
            let job = flow.executableTask("job") { "printenv SLURM_JOB_ID" }
            let long = flow.executableTask("long", .timeout(.seconds(38))) { "printenv SLURM_JOB_ID" }
            let first = try await job().value
            // There is time for it yet.
            let second = try await long().value
            #expect(first == second)
            try await SlurmCluster.wait(for: "a part of the time to pass") {
                let left = try await SlurmCluster.call("squeue", ["--noheader", "--format=%L"])
                let word = left.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
                return SlurmPrograms.time(word).map { $0 < .seconds(45) } ?? false
            }
            let third = try await long().value
            #expect(third != first)
            let fourth = try await job().value
            #expect(fourth == first)
        }
    }

    @Test("a pilot that Slurm ends costs its task, which says so; the next task has another one")
    func timeLimit() async throws {
        let backend = SlurmCluster.pilot(nodes: 1, time: .seconds(60)) { $0.endMargin = .seconds(2) }
        try await withPilot(backend) { flow in
            let sleep = flow.executableTask("sleep") { Command.shell("printenv SLURM_JOB_ID; sleep 973") }
            let say = flow.executableTask("say") { "echo on" }
            let error = await sleep().rootError as? SlurmJobError
            #expect(error?.reason == .timeLimit, "\(String(describing: error))")
            let value8 = try await say().value
            #expect(value8 == "on\n")
        }
    }

    @Test("more pilots when the queue is long, none when there is nothing to do")
    func elastic() async throws {
        let backend = SlurmCluster.pilot(nodes: 1, cores: 2) {
            $0.maximumPilots = 3
            $0.idleTimeout = .seconds(1)
        }
        try await withPilot(backend) { flow in
            let node = flow.executableTask("node") { Command.shell("sleep 3; printenv SLURM_JOB_ID") }
            var jobs: Set<String> = []
            for future in (1...12).map({ _ in node() }) { jobs.insert(try await future.value) }
            #expect((2...3).contains(jobs.count))
            try await SlurmCluster.wait(for: "no pilots") { await backend.pilotCount == 0 }
            #expect(try await SlurmCluster.queue().isEmpty)
            jobs.insert(try await node().value)
            #expect(jobs.count >= 3)
        }
    }

    @Test("an engine that is cancelled with a thousand tasks leaves nothing")
    func shutdown() async throws {
        try await withPilot(SlurmCluster.pilot()) { flow in
            let sleep = flow.executableTask("sleep") { "sleep 972" }
            let events = flow.events
            let futures = (1...1000).map { _ in sleep() }
            for await event in events where event.type == .taskStarted { break }
            await flow.shutdown(.immediate)
            for future in futures { #expect(future.state == .cancelled) }
        }
    }

    @Test("a program that is killed leaves no allocation, no worker and no command")
    func killed() async throws {
        let marks = SlurmCluster.folder + "/killed"
        let program = Lock<RunningCommand?>(nil)
        let watcher = CommandWatcher { command in
            program.withLock { $0 = command }
        } onOutput: { _ in
        }
        let command = Command(SlurmCluster.pilotSettings().program!, "pilot").environment([
            "SLURM_CONF": SlurmCluster.configuration, "MARKS": marks,
        ]).workingDirectory(SlurmCluster.folder)
        let run = Task { try await CommandRunner().run(command, watcher: watcher) }
        try await SlurmCluster.wait(for: "two commands to run") {
            FileManager.default.contents(atPath: marks)?.count == 2
        }
        let id = try #require(program.withLock { $0 }).processID
        kill(id, SIGKILL)
        _ = await run.result
        try await SlurmCluster.wait(for: "an empty queue") { try await SlurmCluster.queue().isEmpty }
        try await SlurmCluster.wait(for: "no process of it") {
            let text = try await SlurmCluster.call("ps", ["-eo", "stat,args"])
            return !text.split(separator: "\n").contains { !$0.hasPrefix("Z") && $0.hasSuffix("sleep 974") }
        }
    }

    @Test("every word of a command of several ranks reaches it, whatever srun takes it for")
    func words() async throws {
        try await withPilot(SlurmCluster.pilot()) { flow in
            let show = flow.executableTask("show", .ranks(2)) { Command("printf", "<%s>", ":", "/bin/echo", "--help") }
            let text = try await show().value
            #expect(text == "<:></bin/echo><--help><:></bin/echo><--help>")
        }
    }

    @Test("two engines share a pilot, one after the other and both at once, and the end of one isn't that of the other")
    func twoEngines() async throws {
        let backend = SlurmCluster.pilot(nodes: 1)
        let gate = SlurmCluster.folder + "/pilot-gate"
        let wait = Command.shell("until [ -e \"$GATE\" ]; do sleep 0.05; done; echo done").environment(["GATE": gate])
        try await withPilot(backend) { flow in
            let text = try await flow.executableTask("first") { "echo first" }().value
            #expect(text == "first\n")
        }
        try await withPilot(backend) { flow in
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

    @Test("the allocation that the program runs in is its pilot")
    func current() async throws {
        let holder = Task {
            try await SlurmCluster.call(
                "salloc",
                ["--nodes=2", "--ntasks=2", "--cpus-per-task=2", "--time=5", "--job-name=outer", "sleep", "120"])
        }
        try await SlurmCluster.wait(for: "an allocation") {
            try await SlurmCluster.call("squeue", ["--noheader", "--states=R"]).contains("outer")
        }
        let words = try await SlurmCluster.call("squeue", ["--noheader", "--format=%A %N"]).split(separator: " ")
        let variables = [
            "SLURM_JOB_ID": String(words[0]), "SLURM_JOB_NODELIST": words[1].trimmingCharacters(in: .newlines),
            "SLURM_JOB_NUM_NODES": "2", "SLURM_JOB_CPUS_PER_NODE": "2(x2)",
        ]
        let current = try #require(SlurmPilotBackend.CurrentAllocation(variables))
        #expect(current.cores == 2 && current.nodes == 2)
        let backend = SlurmPilotBackend(
            "pilot", current.nodes, current.cores, SlurmOptions(), SlurmCluster.pilotSettings(), fixed: current)
        try await SlurmCluster.within(.seconds(120)) {
            try await withSlurmEngine(backend) { flow in
                let node = flow.executableTask("node") { Command.shell("sleep 0.3; echo $SLURMD_NODENAME") }
                var names: Set<String> = []
                for future in (1...8).map({ _ in node() }) { names.insert(try await future.value) }
                #expect(names.count == 2)
                let late = flow.executableTask("late", .timeout(.seconds(3600))) { "echo" }
                #expect((await late().rootError as? SlurmJobError)?.reason == .timeLimit)
            }
        }
        // It isn't ours to end.
        #expect(try await SlurmCluster.queue().contains("outer"))
        holder.cancel()
        _ = await holder.result
        try await SlurmCluster.wait(for: "an empty queue") { try await SlurmCluster.queue().isEmpty }
    }

    /// Runs a test with a pilot, of which nothing is left afterwards.
    private func withPilot(
        _ backend: SlurmPilotBackend, _ body: @escaping @Sendable (WorkflowEngine) async throws -> Void
    ) async throws {
        try await SlurmCluster.within(.seconds(240)) { try await withSlurmEngine(backend, body) }
        try await SlurmCluster.wait(for: "an empty queue") { try await SlurmCluster.queue().isEmpty }
    }
}
