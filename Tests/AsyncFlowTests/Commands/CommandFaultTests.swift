import TestSupport
import Foundation
import Testing

@testable import AsyncFlow
@testable import AsyncFlowProcesses
@testable import AsyncFlowPolicies

/// What can happen to a command on a machine that isn't well: each ends in a clear state, with nothing left behind.
@Suite("Commands in trouble", .timeLimit(.minutes(2)))
struct CommandFaultTests {
    private func commandError(_ future: TaskFuture<String>) async throws -> CommandError {
        try #require((await future.error as? TaskFailedError)?.cause as? CommandError)
    }

    @Test("a command that somebody else kills has failed by that signal")
    func killed() async throws {
        try await withTestEngine { flow in
            let run = flow.executableTask("victim") { () in Command.shell("echo $$; while :; do sleep 1000; done") }()
            for try await line in run.outputLines {
                let processID = try #require(pid_t(line.text))
                #expect(kill(processID, SIGKILL) == 0)
            }
            let error = try await commandError(run)
            #expect(error.signal == SIGKILL && !error.ranOutOfMemory)
            #expect(FailureClass.outOfMemory.matches(error), "it can't be told apart")
            #expect(run.state == .failed)
        }
    }

    @Test(
        "a command that the system kills for want of memory is known as such to retries",
        .enabled(if: MemoryGroup.canBeMade, "control groups can't be made here"))
    func outOfMemory() async throws {
        let group = try MemoryGroup(megabytes: 24)
        try await withTestEngine { flow in
            let run = flow.executableTask("hungry", .retry(1, on: .outOfMemory)) { () in
                Command.shell("echo $$ > \"$G/cgroup.procs\" && exec tail /dev/zero").environment(["G": group.path])
            }()
            let error = try await commandError(run)
            #expect(error.signal == SIGKILL)
            #expect(run.failedAttempts.count == 2)
        }
    }

    @Test("more kills for want of memory than before are noticed, each once")
    func memoryKills() throws {
        let folder = try TemporaryFolder("cgroup")
        let write = { (path: String, text: String) in
            let url = URL(filePath: folder[path])
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: url, atomically: true, encoding: .utf8)
        }
        try write("proc/self/mountinfo", "1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
        try write("proc/self/cgroup", "0::/job\n")
        try write("sys/fs/cgroup/job/memory.events", "low 0\noom 1\noom_kill 1\n")
        let machine = Machine(root: folder.path, environment: [:], processors: 1)
        var kills = MemoryKills(machine: machine)
        var noticed = [kills.haveIncreased(on: machine)]
        try write("sys/fs/cgroup/job/memory.events", "low 0\noom 3\noom_kill 3\n")
        for _ in 0..<3 { noticed.append(kills.haveIncreased(on: machine)) }
        #expect(noticed == [false, true, true, false])
        let error = CommandError(.signalled(signal: SIGKILL), "sort", ranOutOfMemory: true)
        #expect(error.description.contains("memory ran out"))
    }

    @Test(
        "a full disk fails the command that writes to it, and that whose output is captured there",
        .enabled(if: SmallFileSystem.isAllowed, "file systems can't be mounted here"))
    func fullDisk() async throws {
        let disk = try #require(try SmallFileSystem(options: "size=128k"))
        var configuration = WorkflowEngine.Configuration.quiet()
        configuration.workDirectory = disk.path
        try await withWorkflowEngine(configuration, signals: .ignored) { flow in
            let captured = flow.executableTask("captured", .captureStdio) { "head -c 1000000 /dev/zero" }()
            let error = try await commandError(captured)
            #expect(error.exitCode == 1)
            #expect(error.description.contains("No space left on device") && error.description.contains(disk.path))
            let direct = flow.executableTask("direct") { "head -c 1000000 /dev/zero" }
            #expect(try await direct().value.utf8.count == 1_000_000, "and everything else goes on")
            let writing = flow.executableTask("writing") { () in
                Command.shell("head -c 1000000 /dev/zero > \"$D/file\"").environment(["D": disk.path])
            }()
            #expect(try await commandError(writing).standardErrorTail.contains("No space left"))
        }
    }

    @Test(
        "a read-only work directory fails captured commands with its path, and no others",
        .enabled(if: SmallFileSystem.isAllowed, "file systems can't be mounted here"))
    func readOnly() async throws {
        let disk = try #require(try SmallFileSystem(options: "size=128k"))
        try #require(disk.makeReadOnly())
        var configuration = WorkflowEngine.Configuration.quiet()
        configuration.workDirectory = disk.path
        try await withWorkflowEngine(configuration, signals: .ignored) { flow in
            let captured = flow.executableTask("captured", .captureStdio) { "echo hello" }()
            let error = try #require(await captured.error as? TaskFailedError)
            #expect(error.description.contains(disk.path) && error.description.lowercased().contains("read-only"))
            #expect(try await flow.executableTask("plain") { "echo hello" }().value == "hello\n")
        }
    }

    @Test("a command that forks away from its group ends when its group does, and leaves no descriptor of ours open")
    func forksAway() async throws {
        let folder = try TemporaryFolder("away")
        let before = try Descriptors.count
        try await withTestEngine { flow in
            let run = flow.executableTask("daemon") { () in
                Command.shell(
                    "setsid sh -c 'echo $$ > \"$F.part\"; mv \"$F.part\" \"$F\"; exec sleep 1000' & while [ ! -e \"$F\" ]; do sleep 0.01; done; echo parent"
                )
                .environment(["F": folder["pid"]])
            }()
            #expect(try await run.value == "parent\n")
            let away = try #require(pid_t(String(contentsOfFile: folder["pid"], encoding: .utf8).trimmed))
            #expect(kill(away, SIGKILL) == 0, "who made a session of its own is left alone")
        }
        #expect(try Descriptors.count <= before + Descriptors.ofTheReactor)
    }

    @Test("a command that ignores the polite signal is killed after the grace period of a timeout")
    func ignoresTermination() async throws {
        try await withTestEngine { flow in
            let run = flow.executableTask("stubborn", .timeout(.milliseconds(300)), .gracePeriod(.milliseconds(50))) {
                () in
                Command.shell("trap '' TERM; echo $$; while :; do sleep 1000; done")
            }()
            var processID: pid_t = 0
            for try await line in run.outputLines { processID = try #require(pid_t(line.text)) }
            let error = try #require(await run.error as? TaskFailedError)
            #expect(error.cause is TaskTimeoutError)
            #expect(try !ProcessList.now.contains { $0.groupID == processID && !$0.hasEnded })
        }
    }

    @Test("a thousand commands that print 10 MB each need no memory for it when files take the output")
    func muchOutput() async throws {
        let count = 1000
        let folder = try TemporaryFolder("much")
        var configuration = WorkflowEngine.Configuration.quiet()
        configuration.workDirectory = folder.path
        try await withWorkflowEngine(configuration, signals: .ignored) { flow in
            let before = try ResidentMemory.bytes
            let print = flow.executableTask("print", .captureStdio) { "head -c 10000000 /dev/zero" }
            for try await path in flow.stream(0..<count, window: 8, { _ in print() }) {
                let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
                #expect(size == 10_000_000)
                try FileManager.default.removeItem(atPath: path)
            }
            #expect(try ResidentMemory.bytes - before < 64 << 20)
        }
    }

    @Test("long output whose lines are read while it comes needs no more memory than what waits for the reader")
    func manyLines() async throws {
        try await withTestEngine { flow in
            let loud = flow.executableTask("loud") { () in
                Command.shell("yes 0123456789 | head -c 5000000 >&2")
            }
            let before = try ResidentMemory.bytes
            let run = loud()
            var (seen, missed) = (0, 0)
            for try await line in run.outputLines(of: .standardError) {
                seen += 1
                missed += line.missedBefore
            }
            _ = try await run.value
            #expect(seen + missed == 5_000_000 / 11 + 1)
            #expect(try ResidentMemory.bytes - before < 64 << 20)
        }
    }
}

/// A control group with little memory.
private final class MemoryGroup: Sendable {
    static let parents = ["/sys/fs/cgroup", "/sys/fs/cgroup/memory"]
    let path: String

    static var canBeMade: Bool { (try? MemoryGroup(megabytes: 24)) != nil }

    init(megabytes: Int) throws {
        let name = "asyncflow-test-\(UUID())"
        for parent in Self.parents {
            let path = "\(parent)/\(name)"
            guard exists(parent + "/cgroup.procs"), mkdir(path, 0o755) == 0 else { continue }
            for file in ["memory.max", "memory.limit_in_bytes"]
            where exists("\(path)/\(file)")
                && (try? "\(megabytes << 20)".write(toFile: "\(path)/\(file)", atomically: false, encoding: .utf8))
                    != nil
            {
                self.path = path
                return
            }
            rmdir(path)
        }
        throw TestError("no control group with a limit of memory can be made")
    }

    deinit { rmdir(path) }
}

/// The file descriptors of this process.
private enum Descriptors {
    /// Those that the first command of a process opens and keeps.
    static let ofTheReactor = 6
    static var count: Int {
        get throws {
            let path = FileManager.default.fileExists(atPath: "/proc/self/fd") ? "/proc/self/fd" : "/dev/fd"
            return try FileManager.default.contentsOfDirectory(atPath: path).count
        }
    }
}

private enum ResidentMemory {
    static var bytes: Int {
        get throws {
            guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
            return (Int(text.split(separator: " ")[1]) ?? 0) * 4096
        }
    }
}
