import AsyncFlowBase
import Synchronization

/// The execution of one command as several ranks, of which nothing is left when the call returns.
///
/// A launcher puts every rank into a separate process group, which ending the launcher's group doesn't reach. So the
/// ranks are marked by an environment variable: a cancelled command's ranks get SIGTERM, and SIGKILL after the grace
/// period; then the launcher ends by itself. Processes that still have the mark after the launcher's end are killed.
package struct ParallelRun: Sendable {
    package let runner: CommandRunner
    package let launcher: ParallelLauncher

    package init(runner: CommandRunner, launcher: ParallelLauncher) {
        self.runner = runner
        self.launcher = launcher
    }

    /// The time that a launcher has to end after its ranks.
    private static let launcherPatience = Duration.seconds(5)

    /// Runs the command.
    ///
    /// - Throws: the errors of ``CommandRunner``'s `run`; a ``CommandError`` has the rank that failed first.
    package func run(
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
        // The launcher's group is watched anyway; each rank has its own.
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
    /// Returns the same error with the launcher's report about the rank that failed first.
    func withFailedRank() -> CommandError {
        guard exitCode != nil || signal != nil, let failure = RankFailure(in: standardErrorTail) else { return self }
        return CommandError(
            failure.reason, command, detail: detail, standardErrorTail: standardErrorTail,
            standardOutputTail: standardOutputTail, usage: usage, ranOutOfMemory: ranOutOfMemory,
            failedRank: failure.rank)
    }
}

/// Polling for conditions that nothing signals.
enum Pause {
    /// Returns when `condition` holds or the time has come; checks at growing intervals of 1 to 50 ms. Not for Swift
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
