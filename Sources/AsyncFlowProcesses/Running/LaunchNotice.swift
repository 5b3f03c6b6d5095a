import AsyncFlowBase
import AsyncFlowLogging
import Logging

/// A warning in the log that commands wait because the system lacks descriptors or processes, at most twice a minute.
final class LaunchNotice: Sendable {
    static let shared = LaunchNotice(Logger.asyncFlow(label: "asyncflow.commands"))

    private static let shortestPause = Duration.seconds(30)

    private let logger: Logger
    private let lastTime = Lock<ContinuousClock.Instant?>(nil)

    init(_ logger: Logger) { self.logger = logger }

    /// Logs the warning, if it is due.
    ///
    /// - Parameters:
    ///   - error: the error of a command that couldn't be started.
    ///   - running: the number of running commands, one of which has to end first.
    ///   - now: the time, for tests.
    func tell(_ error: CommandError, running: Int, now: ContinuousClock.Instant = .now) {
        let isDue = lastTime.withLock { last in
            if let last, now - last < Self.shortestPause { return false }
            last = now
            return true
        }
        guard isDue else { return }
        logger.warning(
            "commands wait for one of \(running) running commands to end: \(error.description)",
            metadata: ["error": "\(SystemError(code: error.systemErrorCode ?? 0))"])
    }
}
