import AsyncFlowBase
import Synchronization

/// A runner of commands, each in its own process group, of which nothing is left when the call returns.
package struct CommandRunner: Sendable {
    package typealias Capture = CommandOutput

    /// The number of bytes of the standard error that are kept in memory.
    package static let standardErrorLimit = 64 << 10

    /// The default for the maximum number of bytes of the standard output that are kept in memory.
    package static let defaultOutputLimit = 1 << 30

    /// The number of bytes of the standard error that an error contains.
    package static let errorTailLimit = 4 << 10

    private static let lastNumber = Atomic<UInt64>(0)

    private let reactor: ProcessReactor?

    /// Creates a runner. It holds nothing: all runners share one thread.
    package init() {
        reactor = nil
    }

    /// Creates a runner with a separate reactor.
    package init(reactor: ProcessReactor) {
        self.reactor = reactor
    }

    /// Runs a command, and waits for its end and for that of everything that it leaves behind in its process group.
    ///
    /// A cancelled command, and processes that a command leaves behind, get `SIGTERM`, and `SIGKILL` after the grace
    /// period. A descendant that started its own session is no longer in the group; it is left alone and not waited
    /// for, even if it holds the command's output open.
    ///
    /// - Parameters:
    ///   - command: The command.
    ///   - capture: The destination of its output.
    ///   - gracePeriod: The time from `SIGTERM` to `SIGKILL`.
    ///   - tap: Also receives the output, as it is written.
    ///   - watcher: Receives the start and the output; the standard output isn't kept then.
    ///   - outputLimit: The maximum number of bytes of the standard output that are kept in memory. A command that
    ///     writes more is ended.
    ///   - channel: Becomes the standard input and output, in place of those that the command and `capture` set. The
    ///     command's ends are closed here.
    ///   - onStart: Receives the id of the command's process when it has started.
    /// - Returns: The result of the command.
    /// - Throws: ``CommandError`` if it can't be started, exits with a code other than 0 or is ended by a signal.
    ///   `CancellationError` if the Swift task is cancelled: at once before the start, otherwise when the whole group
    ///   has ended. A command that had ended by itself before the cancellation returns its result.
    package func run(
        _ command: Command,
        capture: Capture = .memory,
        gracePeriod: Duration = .seconds(5),
        tap: OutputTap? = nil,
        watcher: CommandWatcher? = nil,
        outputLimit: Int = CommandRunner.defaultOutputLimit,
        channel: ProcessChannel? = nil,
        onStart: ((Int32) -> Void)? = nil
    ) async throws -> CommandResult {
        try Task.checkCancellation()
        try command.validate()
        try capture.validate(for: command)
        defer { channel?.closeFarEnds() }
        let started = try await startWhenPossible(command, capture: capture, gracePeriod: gracePeriod, channel: channel)
        started.process.outputLimit = outputLimit
        channel?.closeFarEnds()
        started.process.tap = tap
        onStart?(started.process.group.id)
        if let watcher {
            started.process.watcher = watcher
            let (number, reactor) = (started.process.number, started.reactor)
            watcher.started(
                RunningCommand(processID: started.process.group.id) { reactor.send($0, to: number) })
        }
        let outcome = await started.end()
        tap?.end()
        return try result(of: command, started, outcome, capture)
    }

    /// A running process, and the reactor that will watch it.
    private struct Started {
        let process: RunningProcess
        let reactor: ProcessReactor

        func end() async -> ProcessOutcome {
            let number = process.number
            return await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    process.setContinuation(continuation)
                    reactor.adopt(process)
                    // If the task was cancelled before this, the reactor didn't know the process yet.
                    if Task.isCancelled { reactor.cancel(number) }
                }
            } onCancel: {
                reactor.cancel(number)
            }
        }
    }

    /// Starts a command; if the system lacks a resource that others hold for a while, waits for it.
    private func startWhenPossible(
        _ command: Command, capture: Capture, gracePeriod: Duration, channel: ProcessChannel?
    ) async throws -> Started {
        var patience = LaunchPatience()
        while true {
            do throws(CommandError) {
                return try start(command, capture: capture, gracePeriod: gracePeriod, channel: channel)
            } catch {
                let running = CommandEnds.shared.runningCount
                switch patience.next(after: error.systemErrorCode ?? 0, running: running) {
                case .giveUp: throw error
                case .pause(let time): try await CommandEnds.pause(for: time)
                case .waitForEnd:
                    LaunchNotice.shared.tell(error, running: running)
                    try await CommandEnds.shared.next()
                }
            }
        }
    }

    private func start(
        _ command: Command,
        capture: Capture,
        gracePeriod: Duration,
        channel: ProcessChannel?
    ) throws(CommandError) -> Started {
        let path = try ProgramFile.path(for: command)
        var streams = try StandardStreams(for: command, capture: capture, channel: channel)
        do throws(SystemError) {
            let reactor = if let reactor { reactor } else { try ProcessReactor.shared() }
            ProcessSupervisor.shared.prepare()
            let pid = try ProcessLauncher.launch(command, path: path, streams: streams.childNumbers)
            let process = RunningProcess(
                number: Self.lastNumber.add(1, ordering: .relaxed).newValue,
                pid: pid,
                gracePeriod: gracePeriod,
                pipes: streams.takePipes()
            )
            process.begin()
            return Started(process: process, reactor: reactor)
        } catch {
            throw LaunchDiagnosis.error(for: command, path: path, code: error.code)
        }
    }

    private func result(
        of command: Command,
        _ started: Started,
        _ outcome: ProcessOutcome,
        _ capture: Capture
    ) throws -> CommandResult {
        if let failure = outcome.failure {
            let advice = LaunchDiagnosis.advice(for: failure.code)
            throw CommandError(.launchFailed(errno: failure.code), command, detail: advice)
        }
        if outcome.hasTooMuchOutput {
            let limit = MemorySize(bytes: Int64(started.process.outputLimit))
            throw CommandError(.outputTooLong(limit: limit), command, usage: outcome.usage)
        }
        if outcome.isCancelled { throw CancellationError() }
        let pid = started.process.group.id
        if outcome.status == 0, case .memory = capture {
            let tail = OutputText.decoded(outcome.errorTail)
            return CommandResult(
                captured: outcome.output, standardErrorTail: tail, processID: pid, usage: outcome.usage)
        }
        let errorTail =
            switch capture {
            case .memory: outcome.errorTail
            case .files(_, let path): WrittenFile.tail(of: path, limit: Self.standardErrorLimit)
            }
        guard let reason = CommandError.Reason(waitStatus: outcome.status) else {
            let tail = OutputText.tail(of: errorTail, limit: Self.standardErrorLimit)
            return CommandResult(
                captured: outcome.output, standardErrorTail: tail, processID: pid, usage: outcome.usage)
        }
        let tail = OutputText.tail(of: errorTail, limit: Self.errorTailLimit)
        // Many programs report errors on their standard output.
        let outputTail =
            tail.isEmpty
            ? OutputText.tail(of: outcome.output.suffix(Self.errorTailLimit + 1), limit: Self.errorTailLimit) : ""
        var detail = ""
        if case .files(let path, _) = capture, let problem = WrittenFile.problem(beside: path) {
            let advice = LaunchDiagnosis.advice(for: problem.code)
            detail = "its output goes to '\(path)', where nothing more can be written: \(problem); \(advice)"
        }
        throw CommandError(
            reason, command, detail: detail, standardErrorTail: tail, standardOutputTail: outputTail,
            usage: outcome.usage,
            ranOutOfMemory: outcome.ranOutOfMemory)
    }
}

extension CommandRunner.Capture {
    fileprivate func validate(for command: Command) throws(CommandError) {
        guard case .files(let output, let error) = self else { return }
        try command.validate(path: output, of: "the standard output's path")
        try command.validate(path: error, of: "the standard error's path")
    }
}

extension CommandError.Reason {
    /// Creates the reason for a status of `waitpid`; nil for success.
    fileprivate init?(waitStatus: CInt?) {
        guard let status = waitStatus else {
            self = .statusLost
            return
        }
        let signal = status & 0x7F
        let code = (status >> 8) & 0xFF
        if signal != 0 {
            self = .signalled(signal: signal)
        } else if code != 0 {
            self = .exited(code: code)
        } else {
            return nil
        }
    }
}
