import AsyncFlowBase
import Synchronization

/// Runs one command as several ranks, of which nothing is left when the call returns.
///
/// A launcher puts every rank into a process group of its own, out of the reach of who ends the launcher's group. So
/// the ranks are marked by a variable of their environment: a cancelled command's ranks get SIGTERM, and SIGKILL when
/// the grace period is over; then the launcher ends by itself. What still has the mark after the launcher's end is
/// killed.
struct ParallelRun: Sendable {
    let runner: CommandRunner
    let launcher: ParallelLauncher

    /// How long a launcher may take to end when its ranks have.
    private static let launcherPatience = Duration.seconds(5)

    /// - Throws: as ``CommandRunner/run(_:capture:gracePeriod:)``; a ``CommandError`` has the rank that failed first.
    func run(
        _ command: Command, ranks: Int, coresPerRank: Int, capture: CommandRunner.Capture, gracePeriod: Duration,
        outputLimit: Int = CommandRunner.defaultOutputLimit, tap: OutputTap? = nil,
        onStart: (@Sendable (Int32) -> Void)? = nil
    ) async throws -> CommandResult {
        try command.validate()
        let found = try await launcher.find(for: command, runner: runner)
        var program = command
        program.executable = try ProgramFile.path(for: command)
        if ProgramFile.kind(at: program.executable) != .executable {
            throw LaunchDiagnosis.error(for: command, path: program.executable, code: SystemError.accessRefused)
        }
        let processes = RankProcesses()
        let launch = found.command(
            for: program, ranks: ranks, marker: processes.marker,
            isCrowded: ranks * max(1, coresPerRank) > Machine.thisOne.cores)
        // The launcher's group is watched anyway; each rank has one of its own.
        let supervision = ProcessSupervisor.shared.watch(processesMarked: processes.marker)
        let hasEnded = AtomicFlag()
        let running = Task.detached {
            defer { hasEnded.raise() }
            return try await runner.run(
                launch, capture: capture, gracePeriod: max(gracePeriod, Self.launcherPatience), tap: tap,
                outputLimit: outputLimit, onStart: onStart)
        }
        let outcome = await withTaskCancellationHandler {
            await running.result
        } onCancel: {
            Task.detached {
                await processes.end(within: gracePeriod, unless: { hasEnded.isRaised })
                await Pause.until(.now + (processes.wereSeen ? Self.launcherPatience : .zero)) { hasEnded.isRaised }
                running.cancel()
            }
        }
        await Task.detached { await processes.killAll() }.value
        _ = consume supervision
        switch outcome {
        case .success(let result): return result
        case .failure(let error):
            try Task.checkCancellation()
            throw (error as? CommandError)?.withFailedRank() ?? error
        }
    }
}

extension CommandError {
    /// The same error with what the launcher says about the rank where the trouble began.
    func withFailedRank() -> CommandError {
        guard exitCode != nil || signal != nil, let failure = RankFailure(in: standardErrorTail) else { return self }
        return CommandError(
            failure.reason, command, detail: detail, standardErrorTail: standardErrorTail,
            standardOutputTail: standardOutputTail, usage: usage, ranOutOfMemory: ranOutOfMemory,
            failedRank: failure.rank)
    }
}

/// Waiting for what nobody tells us of.
enum Pause {
    /// Returns when `condition` holds or the time has come; looks at growing intervals of 1 to 50 ms. Not for Swift
    /// tasks that may be cancelled.
    static func until(_ time: ContinuousClock.Instant?, _ condition: () -> Bool) async {
        var pause = Duration.milliseconds(1)
        while !condition() {
            if let time, .now >= time { return }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(50))
        }
    }
}
