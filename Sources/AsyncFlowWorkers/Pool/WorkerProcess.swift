import AsyncFlow
import AsyncFlowBase
import Logging

/// The process of a worker.
struct WorkerProcess: Sendable {
    private let core: PoolCore
    private let link: WorkerLink
    private let channel: ProcessChannel

    init(_ core: PoolCore, _ link: WorkerLink, _ channel: ProcessChannel) {
        self.core = core
        self.link = link
        self.channel = channel
    }

    /// Starts the process, and returns when it and everything that it has started have ended.
    func run() async -> WorkerEnd {
        let output = Lock((lines: LineSplitter(), crash: CrashMessage()))
        let logger = core.configuration.logger
        let name = link.name
        let watcher = CommandWatcher { command in
            link.process.withLock { $0.command = command }
        } onOutput: { bytes in
            var found: [String] = []
            output.withLock { output in
                output.lines.append(bytes) { found.append($0) }
                for line in found { output.crash.append(line) }
            }
            for line in found { logger.info("\(line.harmless())", metadata: ["worker": "\(name)"]) }
        }
        guard let invocation else {
            return WorkerEnd(reason: "this program's path is unknown; set Configuration.program")
        }
        do {
            let result = try await CommandRunner().run(
                core.launcher.command(for: invocation), gracePeriod: .seconds(2), watcher: watcher, channel: channel)
            return WorkerEnd(
                reason: "it exited with code 0", exitCode: 0, standardErrorTail: result.standardErrorTail)
        } catch let error as CommandError {
            return WorkerEnd(
                reason: describe(error), signal: error.signal, exitCode: error.exitCode,
                standardErrorTail: error.standardErrorTail, crashMessage: output.withLock { $0.crash.text })
        } catch {
            return WorkerEnd(reason: "it was stopped")
        }
    }

    private func describe(_ error: CommandError) -> String {
        if let signal = error.signal { return "it was ended by \(Self.name(of: signal))" }
        if let code = error.exitCode { return "it exited with code \(code)" }
        return "it couldn't be started: \(error)"
    }

    /// Returns the name of a signal as for commands, with its meaning in a Swift program.
    private static func name(of signal: Int32) -> String {
        switch signal {
        case SIGILL: "SIGILL (signal \(signal), a trap: a failed precondition, an overflow, a missing value)"
        case SIGTRAP: "SIGTRAP (signal \(signal), a trap: a failed precondition, an overflow, a missing value)"
        default: SignalName.text(of: signal)
        }
    }

    /// The variable that enables backtraces. Printing the backtrace of a crash takes seconds, and it is longer than
    /// what an error keeps, so it must be enabled explicitly with `SWIFT_BACKTRACE`, for this program or in the pool's
    /// environment.
    private static let backtrace = "SWIFT_BACKTRACE"

    private var invocation: WorkerInvocation? {
        let configuration = core.configuration
        guard let program = configuration.program ?? Host.program else { return nil }
        var environment = configuration.environment
        if let cores = configuration.cores { environment["OMP_NUM_THREADS"] = "\(cores)" }
        if !configuration.gpus.isEmpty {
            let gpus = configuration.gpus[link.slot % configuration.gpus.count].joined(separator: ",")
            environment["CUDA_VISIBLE_DEVICES"] = gpus
            environment["ROCR_VISIBLE_DEVICES"] = gpus
        }
        if let own = configuration.environmentOfSlot { environment.merge(own(link.slot)) { _, new in new } }
        if configuration.foreign == nil, environment[Self.backtrace] == nil, getenv(Self.backtrace) == nil {
            environment[Self.backtrace] = "enable=no"
        }
        // The system closes a local worker's pipe when the pool is gone, and a pool that is stopped for hours comes
        // back. But a machine that is gone closes nothing.
        let silence = core.launcher.isLocal ? 0 : max(1, Int(configuration.orphanTimeout.bounded.inSeconds))
        let settings = WorkerSettings(
            name: link.name, concurrency: min(65_536, max(1, configuration.concurrency)), silence: silence,
            servesCommands: configuration.servesCommands)
        return WorkerInvocation(
            program: program, arguments: configuration.foreign?.arguments ?? settings.arguments, name: link.name,
            slot: link.slot,
            environment: environment, workingDirectory: configuration.workingDirectory, cores: configuration.cores)
    }
}
