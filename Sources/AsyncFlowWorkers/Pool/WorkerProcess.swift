import AsyncFlow
import Logging
import Synchronization

/// The life of a worker's process.
struct WorkerProcess: Sendable {
    private let core: PoolCore
    private let link: WorkerLink
    private let channel: ProcessChannel

    init(_ core: PoolCore, _ link: WorkerLink, _ channel: ProcessChannel) {
        self.core = core
        self.link = link
        self.channel = channel
    }

    /// Starts it, and returns when it and all that it has started have ended.
    func run() async -> WorkerEnd {
        let lines = Mutex(LineSplitter())
        let logger = core.configuration.logger
        let name = link.name
        let watcher = CommandWatcher { command in
            link.process.withLock { $0.command = command }
        } onOutput: { bytes in
            var found: [String] = []
            lines.withLock { $0.append(bytes) { found.append($0) } }
            for line in found { logger.info("\(line)", metadata: ["worker": "\(name)"]) }
        }
        guard let invocation else {
            return WorkerEnd(reason: "this program's own file isn't known; say it in the configuration's program")
        }
        do {
            let result = try await CommandRunner().run(
                core.launcher.command(for: invocation), gracePeriod: .seconds(2), watcher: watcher, channel: channel)
            return WorkerEnd(
                reason: "it exited with code 0", exitCode: 0, standardErrorTail: result.standardErrorTail)
        } catch let error as CommandError {
            return WorkerEnd(
                reason: describe(error), signal: error.signal, exitCode: error.exitCode,
                standardErrorTail: error.standardErrorTail)
        } catch {
            return WorkerEnd(reason: "it was stopped")
        }
    }

    private func describe(_ error: CommandError) -> String {
        if let signal = error.signal { return "it was ended by signal \(signal)" }
        if let code = error.exitCode { return "it exited with code \(code)" }
        return "it couldn't be started: \(error)"
    }

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
        // A worker is as patient with the pool as a network needs: that of a machine that is gone closes no pipe.
        let silence = max(30, Int(configuration.heartbeatTimeout / .seconds(1)) * 6)
        let settings = WorkerSettings(
            name: link.name, concurrency: max(1, configuration.concurrency), silence: silence)
        return WorkerInvocation(
            program: program, arguments: settings.arguments, name: link.name, slot: link.slot,
            environment: environment, workingDirectory: configuration.workingDirectory, cores: configuration.cores)
    }
}
