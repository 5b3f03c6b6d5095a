/// What a task that was queued has waited for.
public struct WaitCause: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private init(_ name: String) { description = name }

    /// Cores, memory, GPUs or slots that other tasks had.
    public static let resources = WaitCause("resources")
    /// That fewer tasks with the same limit run: see ``TaskOption/limit(concurrent:)``.
    public static let limit = WaitCause("limit")
    /// That the rate of starts allows another one: see ``TaskOption/rate(_:per:)``.
    public static let rate = WaitCause("rate")
}
