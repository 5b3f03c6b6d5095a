import AsyncFlow
import AsyncFlowWorkers
import Foundation
import Testing
import WorkerProbeTasks

@Suite(.timeLimit(.minutes(1))) struct LauncherTests {
    @Test(
        arguments: [
            "env", "nice -n 1", "sh -c 'exec \"$0\" \"$@\"' {worker}", "env WORKER={name} {worker}",
        ] as [Command])
    func `Any command that starts the program is a transport`(template: Command) async throws {
        try await withPool(workers: 1, launcher: .command(template)) { flow, _ in
            let sum = try await flow.portableTask(Probe.add, .on("pool"))(1, 2).value
            #expect(sum == 3)
            let name = try await flow.portableTask(Probe.variable, .on("pool"))("WORKER").value
            #expect(name == (template.description.contains("WORKER") ? "pool-1" : ""))
        }
    }

    @Test(arguments: ["env", "env A=b {worker}", "nice", "a shell"])
    func `A program whose path contains '=' is started as it is`(transport: String) async throws {
        let folder = try ProbeFolder()
        let program = folder.path + "/lr=0.1"
        try FileManager.default.createSymbolicLink(atPath: program, withDestinationPath: probeProgram)
        let launcher: WorkerLauncher =
            if transport == "a shell" {
                WorkerLauncher { worker in Command("/bin/sh", arguments: ["-c", worker.shellLine]) }
            } else {
                .command(Command(words: transport.split(separator: " ").map(String.init)))
            }
        try await withPool(workers: 1, launcher: launcher, .probe().with { $0.program = program }) { flow, _ in
            let sum = try await flow.portableTask(Probe.add, .on("pool"))(1, 2).value
            #expect(sum == 3)
        }
    }

    @Test(.enabled(if: SSHServer.isInstalled, "it needs sshd, ssh and ssh-keygen: scripts/install-tools ssh"))
    func `Workers run behind ssh, with their environment, and end with the pool`() async throws {
        let server = try await SSHServer()
        var processes: [Int32] = []
        let configuration = WorkerPoolBackend.Configuration.probe().with {
            $0.environment["PLACE"] = "over there; $HOME 'quoted'"
            $0.workingDirectory = "/tmp"
        }
        let launcher = WorkerLauncher.ssh("127.0.0.1", options: server.clientOptions)
        try await withPool(workers: 2, launcher: launcher, configuration) { flow, pool in
            let place = try await flow.portableTask(Probe.variable, .on("pool"))("PLACE").value
            #expect(place == "over there; $HOME 'quoted'")
            let directory = try await flow.portableTask(Probe.variable, .on("pool"))("PWD").value
            #expect(directory == "/tmp")
            let error = await flow.portableTask(Probe.crash, .on("pool"))("far away").cause as? WorkerLostError
            #expect(error?.standardErrorTail.contains("far away") == true)
            let sum = try await flow.portableTask(Probe.add, .on("pool"))(1, 2).value
            #expect(sum == 3)
            processes = pool.workers.compactMap(\.processID)
        }
        #expect(!processes.isEmpty)
        try await eventually { processes.allSatisfy { kill($0, 0) != 0 } }
    }

    @Test(.enabled(if: SSHServer.isInstalled, "it needs sshd, ssh and ssh-keygen: scripts/install-tools ssh"))
    func `A host that lets nobody in ends in one clear error`() async throws {
        let server = try await SSHServer()
        let launcher = WorkerLauncher.ssh("127.0.0.1", options: server.clientOptions(key: "/dev/null"))
        try await withPool(workers: 1, launcher: launcher) { flow, _ in
            let cause = await flow.portableTask(Probe.add, .on("pool"))(1, 1).cause
            #expect((cause as? any WorkflowError)?.message.contains("Permission denied") == true)
        }
    }
}

extension Command {
    fileprivate init(words: [String]) { self.init(words[0], arguments: Array(words.dropFirst())) }
}
