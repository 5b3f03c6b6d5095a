import AsyncFlow
import Foundation
import Testing

@testable import AsyncFlowSlurm

@Suite("Ranks that srun can't be told of in a line", .timeLimit(.minutes(1)))
struct SrunScriptTests {
    @Test("every word reaches the program as it is, and each node has its own variables")
    func words() async throws {
        let program = [
            "/bin/sh", "-c", #"printf '<%s>' "$CUDA_VISIBLE_DEVICES" "$@""#, "sh", ":", "it's", "", "a\nb", "$x",
        ]
        #expect(SrunScript.isNeeded(for: program) && !SrunScript.isNeeded(for: ["a:b", "::", ""]))
        let script = SrunScript.text(
            running: program,
            setting: ["node1": ["CUDA_VISIBLE_DEVICES": "2"], "node'2": ["CUDA_VISIBLE_DEVICES": "0,3"]])
        for (node, gpus) in [("node1", "2"), ("node'2", "0,3"), ("node3", "none")] {
            let command = Command("/bin/sh", "-c", script).environment([
                "SLURMD_NODENAME": node, "CUDA_VISIBLE_DEVICES": "none",
            ])
            #expect(try await CommandRunner().run(command).text == "<\(gpus)><:><it's><><a\nb><$x>")
        }
    }

    @Test("a command doesn't see the variables that are withheld from it, unless it sets them")
    func withheld() async throws {
        var command = Command("/usr/bin/env")
        command.withheldVariables = ["PATH", "HOME"]
        let inherited = try await CommandRunner().run(command).text.split(separator: "\n")
        #expect(!inherited.contains { $0.hasPrefix("PATH=") })
        command.environment["PATH"] = "/own"
        let lines = try await CommandRunner().run(command).text.split(separator: "\n")
        #expect(lines.contains("PATH=/own") && !lines.contains { $0.hasPrefix("HOME=") })
    }

    @Test(
        "variables that change what Slurm's programs do stay away from them",
        arguments: [
            "SQUEUE_PARTITION", "SQUEUE_FORMAT", "SBATCH_WAIT", "SBATCH_MEM_PER_CPU", "SBATCH_OUTPUT", "SACCT_FORMAT",
            "SCANCEL_STATE", "SALLOC_WAIT_ALL_NODES", "SRUN_CPUS_PER_TASK", "SLURM_MEM_PER_CPU", "SLURM_CPU_BIND",
            "SLURM_CPU_BIND_TYPE", "SLURM_JOB_ID", "SLURM_NTASKS", "SLURM_TIMELIMIT", "SLURM_ACCOUNT", "SCONTROL_ALL",
            "SLURMD_NODENAME", "SRUN_ACCOUNT", "SQUEUE_ACCOUNT",
        ])
    func withheldNames(_ name: String) { #expect(SlurmEnvironment.isWithheld(name)) }

    @Test(
        "where the cluster is, who asks, and a user's defaults for new jobs are kept",
        arguments: [
            "SLURM_CONF", "SLURM_CLUSTERS", "SLURM_JWT", "SBATCH_ACCOUNT", "SBATCH_PARTITION", "SALLOC_QOS", "PATH",
            "SLURM",
            "MY_SLURM_JOB_ID", "",
        ])
    func keptNames(_ name: String) { #expect(!SlurmEnvironment.isWithheld(name)) }
}

@Suite("GPUs of an allocation on a node")
struct NodeGPUsTests {
    private let two = [GPUPool.Share(index: 0, thousandths: 1000), GPUPool.Share(index: 1, thousandths: 1000)]

    @Test("they are called as Slurm calls them there")
    func numbers() {
        let answer = "CUDA_VISIBLE_DEVICES=2,3\nROCR_VISIBLE_DEVICES=2,3\nGPU_DEVICE_ORDINAL=2,3\nZE_AFFINITY_MASK=\n"
        let gpus = NodeGPUs(count: 2, answer: answer)
        #expect(
            gpus.environment(for: [two[1]]) == [
                "CUDA_VISIBLE_DEVICES": "3", "ROCR_VISIBLE_DEVICES": "3", "GPU_DEVICE_ORDINAL": "3",
                "HIP_VISIBLE_DEVICES": "0",
            ])
        #expect(gpus.environment(for: two)["CUDA_VISIBLE_DEVICES"] == "2,3")
        #expect(gpus.environment(for: []) == [:])
        let half = GPUPool.Share(index: 1, thousandths: 500)
        #expect(gpus.environment(for: [half, half])["CUDA_VISIBLE_DEVICES"] == "3")
        let named = NodeGPUs(count: 2, answer: "CUDA_VISIBLE_DEVICES=GPU-8932f937,MIG-1/2\n")
        #expect(named.environment(for: [two[1]]) == ["CUDA_VISIBLE_DEVICES": "MIG-1/2"])
    }

    @Test(
        "where Slurm doesn't name so many, they are numbered from 0",
        arguments: [
            "", "CUDA_VISIBLE_DEVICES=\n", "CUDA_VISIBLE_DEVICES=NoDevFiles\n", "CUDA_VISIBLE_DEVICES=1,1\n", "rubbish",
            "PATH=1,2\n",
        ])
    func unnamed(_ answer: String) {
        #expect(
            NodeGPUs(count: 2, answer: answer).environment(for: two) == [
                "CUDA_VISIBLE_DEVICES": "0,1", "ROCR_VISIBLE_DEVICES": "0,1", "HIP_VISIBLE_DEVICES": "0,1",
            ])
    }

    @Test("the question to a node writes what is read of it")
    func question() async throws {
        let command = Command("/bin/sh", "-c", NodeGPUs.question).environment([
            "CUDA_VISIBLE_DEVICES": "2,3", "ROCR_VISIBLE_DEVICES": "",
        ])
        let answer = try await CommandRunner().run(command).text
        #expect(NodeGPUs(count: 2, answer: answer).environment(for: two)["CUDA_VISIBLE_DEVICES"] == "2,3")
    }
}
