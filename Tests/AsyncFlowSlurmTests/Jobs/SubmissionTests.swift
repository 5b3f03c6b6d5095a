import AsyncFlow
import Testing

@testable import AsyncFlowSlurm

@Suite("What is said to Slurm's programs, and what they say")
struct SubmissionTests {
    @Test(
        "our resources become Slurm's options",
        arguments: [
            (ResourceRequest(), nil, false, "--ntasks=1 --cpus-per-task=1"),
            (ResourceRequest(cores: 4, memory: .gigabytes(2)), nil, false, "--ntasks=1 --cpus-per-task=4 --mem=2048M"),
            (ResourceRequest(memory: .bytes(1)), nil, false, "--ntasks=1 --cpus-per-task=1 --mem=1M"),
            (
                ResourceRequest(cores: 2, memory: .gigabytes(1), ranks: 4), nil, true,
                "--ntasks=4 --cpus-per-task=2 --mem-per-cpu=128M"
            ),
            (
                ResourceRequest(memory: .gigabytes(1), ranks: 4), 2, true,
                "--ntasks=4 --cpus-per-task=1 --nodes=2 --mem=512M"
            ),
            (
                ResourceRequest(gpus: 0.5, slots: ["b": 2, "a": 1]), nil, false,
                "--ntasks=1 --cpus-per-task=1 --gpus=1 --licenses=a:1,b:2"
            ),
        ] as [(ResourceRequest, Int?, Bool, String)])
    func resources(_ request: ResourceRequest, _ nodes: Int?, _ isParallel: Bool, _ expected: String) {
        let asked = JobRequest(SlurmOptions(nodes: nodes), request, isParallel: isParallel)
        #expect(asked.arguments.joined(separator: " ") == expected)
    }

    @Test("a task's options go before those of its backend")
    func options() {
        let backend = SlurmOptions(partition: "main", account: "a", time: .seconds(60), extraArguments: ["--nice"])
        let all = backend.overridden(
            by: SlurmOptions(partition: "long", time: .seconds(90_061), extraArguments: ["-Q"]))
        #expect(
            JobRequest(all, ResourceRequest(), isParallel: false).arguments.dropFirst(2) == [
                "--partition=long", "--account=a", "--time=1-01:01:01", "--nice", "-Q",
            ])
        #expect(SlurmOptions(nodes: 0).problem != nil)
        #expect(SlurmOptions(time: .zero).problem != nil)
    }

    @Test("the queue's rows are read, and rubbish isn't taken for an empty queue")
    func rows() throws {
        let text = "12 0 RUNNING 0 run-1 None\n12 1 FAILED 1792 run-1 node3\n13 N/A PENDING 0 x (Resources)\n"
        let rows = try SlurmPrograms.rows(ofQueue: text)
        #expect(rows.map(\.id) == ["12_0", "12_1"])
        #expect(rows[1].waitStatus.map(JobEnd.init) == .exited(7))
        #expect(rows.map(\.node) == [nil, "node3"])
        for rubbish in ["garbage", "12 0 STRANGE 0 run-1 None", "12 0 RUN", "slurm_load_jobs error: x y z"] {
            #expect(throws: SlurmPrograms.NoAnswer.self) { try SlurmPrograms.rows(ofQueue: rubbish) }
        }
        #expect(
            SlurmPrograms.rows(ofAccounting: "12_3|run-1|CANCELLED by 0|0:15\nx").map(\.waitStatus) == [15])
    }

    @Test(
        "only what the script writes is an end",
        arguments: ["", "exit", "exit 7", "exit 700\n", "exit 7\n exit 8\n", "x 1\n"])
    func halfWritten(_ text: String) { #expect(JobFiles.end(text) == nil) }

    @Test("an end is read as it was written")
    func ends() {
        #expect(JobFiles.end("exit 7\n") == .exited(7))
        #expect(JobFiles.end("signal 9\n") == .signalled(9))
    }
}
