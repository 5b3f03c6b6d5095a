import AsyncFlowBase

/// The effect of SIGINT, SIGTERM and SIGHUP while an engine runs.
public struct SignalHandling: Sendable, Hashable {
    /// The time limit for the end of everything; nil if the engine leaves signals alone.
    let limit: Duration?

    /// Cancels everything at the first signal. When all of it has really stopped, or after one minute, the process ends
    /// by that same signal. A second signal ends the process at once.
    ///
    /// Tasks that are still running after a few seconds are named on standard error. Standard output is flushed before
    /// the end; `defer` blocks outside of the engine's scope aren't run.
    public static let shutDown = shutDown(within: .seconds(60))

    /// Cancels everything at the first signal, with a time limit: tasks that haven't stopped by then are left behind.
    ///
    /// - Parameter limit: the limit in wall-clock time, counted from the signal. It should exceed the longest
    ///   `gracePeriod` of the commands and services; otherwise their grace periods are cut short.
    public static func shutDown(within limit: Duration) -> SignalHandling {
        SignalHandling(limit: limit.bounded)
    }

    /// Leaves signals alone: for programs that handle them themselves.
    public static let ignored = SignalHandling(limit: nil)
}
