/// The reason why a queued task had to wait.
public struct WaitCause: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// Cores, memory, GPUs or slots were held by other tasks.
    public static let resources = WaitCause("resources")
    /// Too many tasks with the same limit were running: see ``TaskOption/limit(concurrent:)``.
    public static let limit = WaitCause("limit")
    /// Too many tasks with the same rate had started: see ``TaskOption/rate(_:per:)``.
    public static let rate = WaitCause("rate")
}
