// An ensemble of simulations that runs in this process, in processes of its own, or on the nodes of a cluster, from the
// same source.
//
// usage: ensemble [--backend local|pool|slurm]
//
// What runs elsewhere is a portable task: a constant with a name, whose arguments and value are Codable. The program is
// its own worker: the pool, or Slurm, starts it again, and the first line below serves.

import AsyncFlow
import AsyncFlowSlurm
import AsyncFlowWorkers
import Foundation

struct Trajectory: TaskValue, Codable {
    var seed: Int
    var meanSquare: Double
}

enum Tasks {
    /// A random walk in one dimension: after n steps, it is the square root of n away from where it began, on average.
    static let simulate = PortableTask("simulate") { (seed: Int, steps: Int) in
        var state = UInt64(seed)
        var position = 0.0
        var sum = 0.0
        for step in 1...steps {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            position += state >> 63 == 0 ? 1 : -1
            sum += position * position / Double(step)
            if step % (steps / 2) == 0 {
                TaskContext.current?.report(TaskProgress(fraction: Double(step) / Double(steps)))
            }
        }
        return Trajectory(seed: seed, meanSquare: sum / Double(steps))
    }

    static let average = PortableTask("average") { (trajectories: [Trajectory]) in
        trajectories.map(\.meanSquare).reduce(0, +) / Double(trajectories.count)
    }
}

try await WorkflowWorker.serveIfLaunchedAsOne([Tasks.simulate, Tasks.average])

let arguments = Array(CommandLine.arguments.dropFirst())
let backend: any Backend
switch arguments {
case [], ["--backend", "pool"]: backend = WorkerPoolBackend(name: "here", workers: 2)
case ["--backend", "local"]: backend = LocalBackend(name: "here")
case ["--backend", "slurm"]:
    // The allocation that the program was started in, or one of its own.
    backend =
        SlurmPilotBackend.inCurrentAllocation(name: "here")
        ?? SlurmPilotBackend(name: "here", nodes: 2, coresPerNode: 2)
default:
    FileHandle.standardError.write(Data("usage: ensemble [--backend local|pool|slurm]\n".utf8))
    exit(64)
}

await runWorkflow(backends: [backend]) { flow in
    let simulate = flow.portableTask(Tasks.simulate, .retry(2, on: .workerLost))
    let average = flow.portableTask(Tasks.average)

    let trajectories = (1...200).map { simulate($0, 10_000) }
    let mean = try await average(trajectories).value
    print("200 walks: the square of the distance, by the number of steps, is \((mean * 10).rounded() / 10) on average")
}
