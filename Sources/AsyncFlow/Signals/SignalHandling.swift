import AsyncFlowBase

/// What SIGINT, SIGTERM and SIGHUP do while an engine runs.
public struct SignalHandling: Sendable, Hashable {
    /// How long the end of everything is waited for; nil if the engine leaves signals alone.
    let limit: Duration?

    /// The first signal cancels everything; when all of it has really stopped, or after one minute, the process ends by
    /// that same signal. A second signal ends the process at once.
    ///
    /// What is still waited for after a few seconds is said on standard error. Standard output is flushed before the
    /// end; `defer` blocks outside of the engine's scope aren't run.
    public static let shutDown = shutDown(within: .seconds(60))

    /// The same with a time limit of your own: what hasn't stopped by then is left behind.
    ///
    /// - Parameter limit: by the clock on the wall, from the signal on. Longer than the longest `gracePeriod` of the
    ///   commands and services, which otherwise aren't waited for as long as they may take.
    public static func shutDown(within limit: Duration) -> SignalHandling {
        SignalHandling(limit: limit.bounded)
    }

    /// The engine leaves signals alone: for programs that handle them themselves.
    public static let ignored = SignalHandling(limit: nil)
}
