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
    print("Welcome to this machine! There is news.")
    fflush(nil)
case "exit":
    FileHandle.standardError.write(Data("there is no licence for this program\n".utf8))
    exit(3)
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
} else if CommandLine.arguments.contains("pilot") {
    // Runs commands in a pilot, until it is killed.
    try await withWorkflowEngine(backends: [SlurmPilotBackend(nodes: 2, coresPerNode: 1)], signals: .ignored) { flow in
        let sleep = flow.executableTask("sleep") { Command.shell("echo >>\"$MARKS\"; sleep 974") }
        for future in (1...4).map({ _ in sleep() }) { _ = try await future.value }
    }
} else {
    print("worker-probe is a worker of the tests")
}
