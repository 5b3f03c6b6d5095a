import TestSupport
import AsyncFlowBase
import Testing

@testable import AsyncFlowProcesses

@Suite("Ending commands", .timeLimit(.minutes(1)))
struct ProcessEndingTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Runs a shell line until it writes its process id to "$READY", and cancels it then.
    private func cancel(_ line: String, grace: Duration = .seconds(30), kind: TestRunner = .exitEvents) async throws
        -> pid_t
    {
        let ready = try directory.fifo("ready")
        let runner = try kind.runner
        let task = Task {
            try await runner.run(Command.shell(line).environment(["READY": ready.path]), gracePeriod: grace)
        }
        let pid = try await ready.readProcessID()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        return pid
    }

    @Test("Cancelling ends the whole process group before the call returns", arguments: TestRunner.allCases)
    func group(kind: TestRunner) async throws {
        let pid = try await cancel("sleep 1000 & echo $$ $! | tr ' ' '\\n' > \"$READY\"; sleep 1000", kind: kind)
        #expect(kill(-pid, 0) == -1 || ProcessGroup(id: pid).isGone)
        #expect(!isRunning(pid))
    }

    @Test(
        "A command that ignores the polite signal is killed when the grace period is over",
        arguments: TestRunner.allCases)
    func stubborn(kind: TestRunner) async throws {
        let start = ContinuousClock.now
        let line = "trap '' TERM; echo $$ > \"$READY\"; while :; do :; done"
        let pid = try await cancel(line, grace: .milliseconds(200), kind: kind)
        #expect(ContinuousClock.now - start >= .milliseconds(200))
        #expect(!isRunning(pid))
        #expect(ProcessGroup(id: pid).isGone)
    }

    #if os(Linux)
    @Test("A stopped command ends on the polite signal")
    func stopped() async throws {
        let start = ContinuousClock.now
        let line = """
            (until grep -q '^State:.T' /proc/$$/status; do :; done; echo $$ > "$READY") &
            kill -STOP $$; while :; do :; done
            """
        let pid = try await cancel(line)
        #expect(!isRunning(pid))
        #expect(ContinuousClock.now - start < .seconds(29))
    }
    #endif

    @Test("A command can clean up in the grace period")
    func cleanUp() async throws {
        // Without a child: one that the shell has just forked may lose the signal to the shell's handler.
        let trap = "trap 'echo clean > \(directory.path)/cleaned; exit 0' TERM"
        let line = "\(trap); echo $$ > \"$READY\"; while :; do :; done"
        _ = try await cancel(line)
        #expect(try directory.read("cleaned") == "clean\n")
    }

    @Test("A task that is cancelled beforehand starts nothing")
    func beforehand() async throws {
        let file = directory.path + "/made"
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await CommandRunner().run("touch \(file)")
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(access(file, F_OK) == -1)
    }

    @Test("Cancelling at any moment gives a result or a cancellation, and leaves nothing")
    func race() async throws {
        for round in 0..<200 {
            let task = Task { try await CommandRunner().run("true", gracePeriod: .seconds(30)) }
            for _ in 0..<(round % 20) { await Task.yield() }
            task.cancel()
            switch await task.result {
            case .success: break
            case .failure(let error): #expect(error is CancellationError)
            }
        }
    }

    @Test("What a command leaves behind in its group is ended", arguments: TestRunner.allCases)
    func leftBehind(kind: TestRunner) async throws {
        let result = try await kind.runner.run(.shell("sleep 1000 & echo $!"), gracePeriod: .seconds(30))
        let child = try #require(pid_t(result.text.dropLast()))
        #expect(!isRunning(child))
        #expect(ProcessGroup(id: result.processID).isGone)
    }

    @Test("What is left behind and ignores the polite signal is killed")
    func stubbornLeftBehind() async throws {
        let ready = try directory.fifo("ready")
        let command = Command.shell("(trap '' TERM; echo > \"$READY\"; exec sleep 1000) & read x < \"$READY\"; echo $!")
            .environment(["READY": ready.path])
        let start = ContinuousClock.now
        let result = try await CommandRunner().run(command, gracePeriod: .milliseconds(200))
        #expect(!isRunning(try #require(pid_t(result.text.dropLast()))))
        #expect(ContinuousClock.now - start >= .milliseconds(200))
    }

    @Test("A pipe that never runs dry is read no further than a pipe can hold")
    func endless() throws {
        var pipes = ParentPipes()
        pipes.output = try Descriptor.open("/dev/zero", O_RDONLY)
        let process = RunningProcess(number: 1, pid: getpid(), gracePeriod: .zero, pipes: pipes)
        withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { process.drain(.output, using: $0) }
        #expect(process.outcome.output.count == RunningProcess.mostInPipe)
    }

    #if os(Linux)
    @Test(
        "A descendant that left the group and holds the output open isn't waited for",
        arguments: TestRunner.allCases)
    func escaped(kind: TestRunner) async throws {
        let ready = try directory.fifo("ready")
        let line = #"setsid sh -c 'echo $$ > "$READY"; exec sleep 1000' & read pid < "$READY"; echo $pid"#
        let result = try await kind.runner.run(Command.shell(line).environment(["READY": ready.path]))
        let pid = try #require(pid_t(result.text.dropLast()))
        #expect(isRunning(pid))
        kill(pid, SIGKILL)
    }

    @Test("A descendant that left the group and writes without end doesn't keep us")
    func escapedWriter() async throws {
        let ready = try directory.fifo("ready")
        let line = #"setsid sh -c 'echo $$ > "$READY"; exec yes' & read pid < "$READY"; echo $pid >&2"#
        let result = try await CommandRunner().run(Command.shell(line).environment(["READY": ready.path]))
        kill(try #require(pid_t(result.standardErrorTail.prefix { $0.isNumber })), SIGKILL)
    }
    #endif
}
