import AsyncFlow
import Foundation
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

    @Test("the rows of our jobs are read")
    func rows() throws {
        let text = """
            asyncflow-1 12 0 RUNNING 0 None
            asyncflow-1 0012 1 FAILED 1792 node3
            asyncflow-2-pilot-1 13 N/A PENDING 0 (Resources)
            asyncflow-1 12 2 FAILED 7:0 node4
            """
        let rows = try SlurmPrograms.rows(ofQueue: text)
        #expect(rows.map(\.id) == ["12_0", "12_1", "12_2"])
        #expect(rows.map { $0.waitStatus.map(JobEnd.init) } == [.exited(0), .exited(7), .exited(7)])
        #expect(rows.map(\.node) == [nil, "node3", "node4"])
        #expect(
            SlurmPrograms.rows(ofAccounting: "12_3|run-1|CANCELLED by 0|0:15\nx").map(\.waitStatus) == [15])
    }

    @Test(
        "rubbish, and an answer that is cut off, isn't taken for an empty queue",
        arguments: [
            "garbage", "asyncflow-1", "asyncflow-1 12", "asyncflow-1 12 0 RUN", "slurm_load_jobs error: x y z",
            "asyncflow-1 12 0 FAILED", "asyncflow-1 99999999999999999999 0 RUNNING 0 n", "asyncflow-1 0 0 RUNNING 0 n",
            "asyncflow-1 12 99999999999999999999 RUNNING 0 n", "asyncflow-1 12 -1 RUNNING 0 n", "\u{0}\u{0}",
        ])
    func rubbish(_ text: String) {
        #expect(throws: SlurmPrograms.NoAnswer.self) { try SlurmPrograms.rows(ofQueue: text) }
    }

    @Test(
        "jobs that the user has besides may be called anything, and be in any state",
        arguments: [
            "my job 77 N/A POWER_UP_NODE 0 node9", "77 N/A NEW_STATE 0 node9", "asyncflow-my job 77 3 PENDING 0 n/a",
            "two\nlines 77 N/A RUNNING 0 node9", "asyncflow-x y z", "77 3 RUNNING 0 node9", "asyncflow- x",
        ])
    func strangers(_ line: String) throws {
        let rows = try SlurmPrograms.rows(ofQueue: "asyncflow-1 12 0 RUNNING 0 node1\n\(line)\n")
        #expect(rows.map(\.id) == ["12_0"])
    }

    @Test("a state that isn't known is one of a job that is there")
    func unknownState() throws {
        let rows = try SlurmPrograms.rows(ofQueue: "asyncflow-1 12 0 BEAMED_UP 0 node1")
        #expect(rows.map(\.state) == [.unknown])
        #expect(JobState.unknown.isActive)
        #expect(SlurmPrograms.rows(ofAccounting: "12_3|run-1|BEAMED_UP|0:0") == [])
    }

    @Test("a status that can't be one is none", arguments: ["", "-1", "65536", "7:", "256:0", "0:128", "1:2:3", "x"])
    func statuses(_ text: String) { #expect(SlurmNumber.waitStatus(text) == nil) }

    @Test(
        "the log's path means itself to Slurm",
        arguments: [
            ("/w", "/w/asyncflow-1.log"), ("/w/50%A", "/w/50%%A/asyncflow-1.log"),
            ("/w/%\u{301}j", "/w/%%\u{301}j/asyncflow-1.log"), (#"/w/a\b%"#, "/dev/null"),
        ])
    func logPattern(_ folder: String, _ pattern: String) {
        let submission = JobSubmission(name: "asyncflow-1", request: [], count: 1, folder: folder, script: "")
        #expect(submission.logPattern == pattern)
    }

    @Test("what is asked of Slurm stays within what can be counted")
    func extremes() {
        let huge = JobRequest(
            SlurmOptions(time: .seconds(Int64.max), nodes: nil),
            ResourceRequest(cores: 1 << 31, memory: .unlimited, ranks: 1 << 31), isParallel: true)
        #expect(huge.arguments.contains("--time=36500-00:00:00"))
        #expect(SlurmOptions(nodes: .max).problem == "nodes must be at most 1000000, got \(Int.max)")
        #expect(SlurmOptions(nodes: -1).problem == "nodes must be at least 1, got -1")
        #expect(SlurmOptions(qos: "a\0b").problem?.contains("qos contains a NUL byte") == true)
        var settings = SlurmBackend.Settings()
        settings.arraySize = .min
        #expect(settings.boundedArraySize == 1)
    }

    @Test(
        "only what the script writes is an end",
        arguments: [
            "", "exit", "exit 7", "exit 700\n", "exit 7\n exit 8\n", "x 1\n", "exit -1\n", "exit +7\n",
            "exit 99999999999999999999\n",
        ])
    func halfWritten(_ text: String) { #expect(JobFiles.end(text) == nil) }

    @Test("paths are the system's: a combining mark behind the first slash makes none relative")
    func absolutePaths() {
        let (output, error) = JobFiles(folder: "/f").outputPaths(
            1, .files(standardOutput: "/\u{301}out", standardError: "err"))
        #expect(output.utf8.elementsEqual("/\u{301}out".utf8))
        #expect(error == FileManager.default.currentDirectoryPath + "/err")
    }

    @Test("words of Slurm's programs do nothing to a terminal")
    func harmless() throws {
        #expect(try SlurmPrograms.rows(ofQueue: "asyncflow-1 12 0 RUNNING 0 n\u{1B}[2J").map(\.node) == ["n?[2J"])
        let said = CommandError(.exited(code: 1), Command("sbatch"), standardErrorTail: "sbatch: \u{1B}[2J\nno\u{9B}")
        #expect(SlurmPrograms.complaint(said) == "sbatch: ?[2J; no\u{FFFD}")
    }

    @Test("an end is read as it was written")
    func ends() {
        #expect(JobFiles.end("exit 7\n") == .exited(7))
        #expect(JobFiles.end("signal 9\n") == .signalled(9))
    }
}
