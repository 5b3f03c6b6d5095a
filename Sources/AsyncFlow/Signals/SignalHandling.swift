/// What SIGINT, SIGTERM and SIGHUP do while an engine runs.
public struct SignalHandling: Sendable, Hashable {
    let isHandled: Bool

    /// The first signal cancels everything; when all of it has really stopped, the process ends by that same signal. A
    /// second signal ends the process at once.
    public static let shutDown = SignalHandling(isHandled: true)
    /// The engine leaves signals alone: for programs that handle them themselves.
    public static let ignored = SignalHandling(isHandled: false)
}
