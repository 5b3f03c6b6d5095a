import AsyncFlow
import AsyncFlowSlurm
import AsyncFlowWorkers
import Foundation
import WorkerProbeTasks

// A worker for the tests, or by PROBE_MODE one that isn't as it should be, or a program that has a pool of its own.
let environment = ProcessInfo.processInfo.environment
switch environment["PROBE_MODE"] {
case "late": usleep(500_000)
case "fewer":
    let fewer: [any PortableTaskDefinition] = [
        PortableTask("add") { (a: Double, b: Double) in a + b },
        PortableTask("onlyThere") { () in 1 },
    ]
    try await WorkflowWorker.serveIfLaunchedAsOne(fewer)
case "babble":
    print("\u{1b}[31mWelcome to this machine! There is news.")
    fflush(nil)
case "exit":
    FileHandle.standardError.write(Data("there is no licence for this program\n".utf8))
    exit(3)
case "hostile":
    HostileRelay.run(
        seed: UInt64(environment["PROBE_SEED"] ?? "") ?? 0, program: CommandLine.arguments[0],
        arguments: Array(CommandLine.arguments.dropFirst()))
case "safe": try await WorkflowWorker.serveIfLaunchedAsOne(Probe.safe)
case "silent": while true { sleep(600) }
default: break
}
try await WorkflowWorker.serveIfLaunchedAsOne(Probe.all)
if CommandLine.arguments.contains("host") {
    // Prints the ids of its workers, and waits until it is killed.
    let pool = WorkerPoolBackend(workers: 2)
    try await withWorkflowEngine(backends: [pool], signals: .ignored) { flow in
        let identity = flow.portableTask(Probe.identity)
        _ = try await identity().value
        while pool.workers.count(where: \.isReady) < 2 { try await Task.sleep(for: .milliseconds(5)) }
        print(pool.workers.compactMap { $0.processID.map(String.init) }.joined(separator: " "))
        fflush(nil)
        try await Task.sleep(for: .seconds(600))
    }
} else if CommandLine.arguments.contains("paused-host") {
    // Prints the ids of its workers, waits for a line, runs a task, and prints the ids again.
    var configuration = WorkerPoolBackend.Configuration()
    configuration.heartbeatTimeout = .seconds(1)
    let pool = WorkerPoolBackend(workers: 2, configuration: configuration)
    try await withWorkflowEngine(backends: [pool], signals: .ignored) { flow in
        let nap = flow.portableTask(Probe.nap)
        _ = try await nap(1).value  // which starts the pool
        while pool.workers.count(where: \.isReady) < 2 { try await Task.sleep(for: .milliseconds(5)) }
        let running = nap(4_000)
        while running.state != .running { try await Task.sleep(for: .milliseconds(5)) }
        print(pool.workers.compactMap { $0.processID.map(String.init) }.joined(separator: " "))
        fflush(nil)
        _ = readLine()
        _ = try await (running.value, nap(1).value)
        print(pool.workers.compactMap { $0.processID.map(String.init) }.joined(separator: " "))
        fflush(nil)
    }
} else if CommandLine.arguments.contains("pilot") {
    // Runs commands in a pilot, until it is killed.
    try await withWorkflowEngine(backends: [SlurmPilotBackend(nodes: 2, coresPerNode: 1)], signals: .ignored) { flow in
        let sleep = flow.executableTask("sleep") { Command.shell("echo >>\"$MARKS\"; sleep 974") }
        for future in (1...4).map({ _ in sleep() }) { _ = try await future.value }
    }
} else if CommandLine.arguments.contains("jobs") {
    // Runs ranks as a job, and prints their output and the variables that they see of another allocation.
    let settings = WorkflowEngine.Configuration(workDirectory: environment["WORK"] ?? "/tmp")
    try await withWorkflowEngine(settings, backends: [SlurmBackend()], signals: .ignored) { flow in
        let ranks = flow.executableTask("ranks", .ranks(2), .memory(.megabytes(200)), .slurm(nodes: 1)) {
            Command.shell("sleep 6; env | grep -E '^(SQUEUE_|SBATCH_WAIT|SLURM_CPU_BIND=nonsense)'; echo done")
        }
        print(try await ranks().value, terminator: "")
    }
} else {
    print("worker-probe is a worker of the tests")
}
