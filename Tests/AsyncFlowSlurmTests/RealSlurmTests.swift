import AsyncFlow
import Foundation
import Testing

@testable import AsyncFlowSlurm

@Suite(
    "Tasks as jobs of a real Slurm",
    .enabled(if: SlurmCluster.isInstalled, "Slurm isn't installed: scripts/install-tools slurm"), SlurmCluster(),
    .serialized, .timeLimit(.minutes(10)))
struct RealSlurmTests {
    @Test("output, exit code, signal, and a graph of jobs", arguments: SlurmCluster.Access.allCases)
    func ends(_ access: SlurmCluster.Access) async throws {
        try await withSlurm(by: access) { flow in
            let say = flow.executableTask("say") { (text: String) in "echo \(text)" }
            let count = flow.executableTask("count") { (text: String) in
                Command("wc", "-c").standardInput(.text(text))
            }
            let fail = flow.executableTask("fail") { Command.shell("echo trouble >&2; exit 7") }
            let die = flow.executableTask("die") { Command.shell("kill -11 $$") }
            let (counted, failed, died) = (count(say("four")), fail(), die())
            let length = try await counted.value
            #expect(length == "5\n")
            let error = await failed.rootError as? CommandError
            #expect(error?.exitCode == 7 && error?.standardErrorTail == "trouble\n")
            #expect((await died.rootError as? CommandError)?.signal == 11)
        }
    }

    @Test("ranks run on several nodes", arguments: SlurmCluster.Access.allCases)
    func ranks(_ access: SlurmCluster.Access) async throws {
        try await withSlurm(by: access) { flow in
            let where_ = flow.executableTask("where", .ranks(4), .slurm(nodes: 2)) {
                Command.shell("echo $SLURMD_NODENAME $SLURM_NTASKS")
            }
            let lines = try await where_().value.split(separator: "\n")
            #expect(lines.count == 4 && Set(lines).count == 2 && lines.allSatisfy { $0.hasSuffix(" 4") })
        }
    }

    @Test(
        "every word of a command of several ranks reaches it, whatever srun takes it for",
        arguments: SlurmCluster.Access.allCases)
    func words(_ access: SlurmCluster.Access) async throws {
        try await withSlurm(by: access) { flow in
            let show = flow.executableTask("show", .ranks(2)) {
                Command("printf", "<%s>", ":", "/bin/echo", "--help", "").environment(["A": "b"])
            }
            let text = try await show().value
            #expect(text == "<:></bin/echo><--help><><:></bin/echo><--help><>")
        }
    }

    @Test("the variables of another allocation, and those of the user for Slurm's programs, change nothing")
    func foreignVariables() async throws {
        let program = try #require(SlurmCluster.pilotSettings().program)
        let text = try await SlurmCluster.call(
            program, ["jobs"],
            environment: [
                "WORK": SlurmCluster.folder, "SLURM_MEM_PER_CPU": "100", "SLURM_MEM_PER_NODE": "50",
                "SLURM_NTASKS": "7",
                "SLURM_CPU_BIND": "nonsense", "SLURM_JOB_ID": "999999", "SLURM_NNODES": "3",
                "SLURM_PARTITION": "nowhere",
                "SQUEUE_PARTITION": "nowhere", "SQUEUE_FORMAT": "%i", "SQUEUE_STATES": "PD", "SQUEUE_SORT": "nonsense",
                "SBATCH_WAIT": "1", "SBATCH_ARRAY_INX": "5", "SBATCH_MEM_PER_CPU": "10", "SBATCH_OUTPUT": "/nowhere/x",
                "SBATCH_PARTITION": "main", "SCANCEL_STATE": "PENDING", "SRUN_CPUS_PER_TASK": "5",
            ])
        #expect(text == "done\ndone\n")
    }

    @Test("what the cluster can't have is refused, with its words", arguments: SlurmCluster.Access.allCases)
    func refusal(_ access: SlurmCluster.Access) async throws {
        try await withSlurm(by: access) { flow in
            let nowhere = flow.executableTask("nowhere", .slurm(partition: "nowhere")) { "echo" }
            let error = await nowhere().rootError as? SlurmJobError
            #expect(error?.reason == .rejected)
            #expect(error?.detail.lowercased().contains("invalid partition") == true, "\(error?.detail ?? "")")
        }
    }

    @Test(
        "an engine that is cancelled with a thousand jobs queued leaves nothing",
        arguments: SlurmCluster.Access.allCases)
    func cancelling(_ access: SlurmCluster.Access) async throws {
        try await withSlurm(by: access) { flow in
            let sleep = flow.executableTask("sleep") { "sleep 977" }
            let events = flow.events
            let futures = (1...1000).map { _ in sleep() }
            for await event in events where event.type == .taskStarted { break }
            await flow.shutdown(.immediate)
            for future in futures { #expect(future.state == .cancelled) }
        }
        // Jobs that are completing have no processes any more, but are still shown for a moment.
        try await SlurmCluster.wait(for: "an empty queue") { try await SlurmCluster.queue().isEmpty }
    }

    @Test(
        "the controller dies while jobs run and one is submitted: all end as they should",
        arguments: SlurmCluster.Access.allCases)
    func controllerDies(_ access: SlurmCluster.Access) async throws {
        try await withSlurm(by: access) { flow in
            let (marks, gate) = (SlurmCluster.folder + "/marks", SlurmCluster.folder + "/gate")
            for file in [marks, gate] { try? FileManager.default.removeItem(atPath: file) }
            let wait = flow.executableTask("wait") {
                Command.shell("until [ -e \"$GATE\" ]; do sleep 0.1; done; echo done; echo >>\"$MARKS\"")
                    .environment(["MARKS": marks, "GATE": gate])
            }
            let say = flow.executableTask("say") { "echo later" }
            let events = flow.events
            let waiting = (1...8).map { _ in wait() }
            var started = 0
            for await event in events where event.type == .taskStarted {
                started += 1
                if started == waiting.count { break }
            }
            try await SlurmCluster.saveState()
            try await SlurmCluster.control("kill-controller")
            let late = say()
            // They end while it is away.
            try Data().write(to: URL(filePath: gate))
            try await SlurmCluster.wait(for: "the end of the running jobs") {
                FileManager.default.contents(atPath: marks)?.count == started
            }
            try await SlurmCluster.control("start-controller")
            for future in waiting { #expect(try await future.value == "done\n") }
            #expect(try await late.value == "later\n")
        }
    }

    @Test("a node crashes: its job fails as lost, and is run again if the policy says so")
    func nodeCrash() async throws {
        try await withSlurm { flow in
            let crash = flow.executableTask("crash", .slurm(extraArguments: ["--nodelist=node2"])) { "sleep 978" }
            let events = flow.events
            let future = crash()
            for await event in events where event.type == .taskStarted { break }
            try await SlurmCluster.control("crash-node", "2")
            try await SlurmCluster.call("scontrol", ["update", "NodeName=node2", "State=DOWN", "Reason=test"])
            let error = await future.rootError as? SlurmJobError
            #expect(error?.reason == .nodeFailure)
            #expect(error?.code == .workerLost)
            try await SlurmCluster.control("start-node", "2")
        }
    }

    @Test("one of a thousand is cancelled, and only that", arguments: SlurmCluster.Access.allCases)
    func cancellingOne(_ access: SlurmCluster.Access) async throws {
        try await withSlurm(by: access) { flow in
            let sleep = flow.executableTask("sleep") { "sleep 976" }
            let events = flow.events
            let futures = (1...1000).map { _ in sleep() }
            for await event in events where event.type == .taskStarted { break }
            // One that runs, and one that waits.
            futures[0].cancel()
            futures[999].cancel()
            for future in [futures[0], futures[999]] {
                _ = await future.result
                #expect(future.state == .cancelled)
            }
            #expect(!futures[1].state.isTerminal && !futures[998].state.isTerminal)
            await flow.shutdown(.immediate)
        }
    }

    @Test(
        "one node for itself, two nodes, memory, a time limit: what the options of tasks come to",
        arguments: SlurmCluster.Access.allCases)
    func options(_ access: SlurmCluster.Access) async throws {
        try await withSlurm(by: access) { flow in
            let show = flow.executableTask(
                "show", .cores(2), .memory(.megabytes(600)),
                .slurm(partition: "main", time: .seconds(61), nodes: 1, exclusive: true)
            ) { Command.shell("scontrol show job $SLURM_JOB_ID") }
            let text = try await show().value
            for expected in [
                "Partition=main", "TimeLimit=00:02:00", "NumNodes=1", "MinMemoryNode=600M", "OverSubscribe=NO",
                "CPUs/Task=2",
                "Requeue=0",
            ] {
                #expect(text.contains(expected), "\(text)")
            }
        }
    }

    private func withSlurm(
        by access: SlurmCluster.Access = .programs, _ body: @escaping @Sendable (WorkflowEngine) async throws -> Void
    ) async throws {
        try await SlurmCluster.within(.seconds(240)) {
            try await withSlurmEngine(try await SlurmCluster.backend(by: access), body)
        }
    }
}
