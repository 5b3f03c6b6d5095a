import AsyncFlow
import Foundation
import Testing

@testable import AsyncFlowSlurm

@Suite(
    "GPUs in a pilot on a real Slurm",
    .enabled(if: SlurmCluster.isInstalled, "Slurm isn't installed: scripts/install-tools slurm"),
    .enabled(if: SlurmCluster.canHaveGPUs, "no device files can be made here, which takes root"), SlurmCluster(gpus: 4),
    .serialized, .timeLimit(.minutes(5)))
struct RealGPUTests {
    @Test("tasks see the GPUs of their allocation, and those that they got of them, on each node")
    func numbers() async throws {
        // Two of the four GPUs of node 1 are somebody else's.
        let holder = Task {
            try await SlurmCluster.call("srun", ["--nodelist=node1", "--gpus=2", "--job-name=outer", "sleep", "100"])
        }
        try await SlurmCluster.wait(for: "the other job to run") {
            try await SlurmCluster.call("squeue", ["--noheader", "--states=R"]).contains("outer")
        }
        var settings = SlurmCluster.pilotSettings()
        settings.gpusPerNode = 2
        let backend = SlurmPilotBackend(
            nodes: 2, coresPerNode: 2, options: SlurmOptions(extraArguments: ["--nodelist=node[1-2]"]),
            settings: settings)
        try await SlurmCluster.within(.seconds(120)) {
            try await withSlurmEngine(backend) { flow in
                let show = Command.shell("sleep 0.3; echo $SLURMD_NODENAME $CUDA_VISIBLE_DEVICES")
                let free = flow.executableTask("free") { show }
                let one = flow.executableTask("one", .gpus(1)) { show }
                let two = flow.executableTask("two", .gpus(2)) { show }
                let (frees, ones, twos) = (
                    (1...4).map { _ in free() }, (1...4).map { _ in one() }, (1...2).map { _ in two() }
                )
                // Which node a task runs on depends on when the nodes are ready.
                let seen = try await Set(frees.all(in: flow).value + twos.all(in: flow).value)
                #expect(seen.isSubset(of: ["node1 2,3\n", "node2 0,1\n"]), "\(seen)")
                let single = try await Set(ones.all(in: flow).value)
                #expect(single.isSubset(of: ["node1 2\n", "node1 3\n", "node2 0\n", "node2 1\n"]), "\(single)")
                // Each rank has the GPUs of the task on its own node.
                let ranks = flow.executableTask("ranks", .cores(2), .ranks(2), .gpus(4)) { show }
                let lines = try await ranks().value.split(separator: "\n").sorted()
                #expect(lines == ["node1 2,3", "node2 0,1"])
                let half = flow.executableTask("half", .ranks(2), .gpus(1)) { show }
                let halves = try await Set(half().value.split(separator: "\n"))
                #expect(halves.count == 1 && ["node1 2", "node1 3", "node2 0", "node2 1"].contains(halves.first ?? ""))
            }
        }
        holder.cancel()
        _ = await holder.result
        try await SlurmCluster.wait(for: "an empty queue") { try await SlurmCluster.queue().isEmpty }
    }
}
