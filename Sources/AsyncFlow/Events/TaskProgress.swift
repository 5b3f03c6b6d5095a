/// How far a task is, as it says itself.
public struct TaskProgress: Sendable, Hashable {
    /// How much of its work is done, from 0 to 1; nil if it doesn't know.
    public var fraction: Double?
    /// What it does at the moment, for people: a short line.
    public var message: String?

    /// - Parameters:
    ///   - fraction: how much of the work is done; values outside of 0 to 1 count as the nearest one within.
    ///   - message: what the task does at the moment.
    public init(fraction: Double? = nil, message: String? = nil) {
        self.fraction = fraction.map { $0.isNaN ? 0 : min(1, max(0, $0)) }
        self.message = message
    }
}

extension TaskContext {
    /// Tells those who watch the run how far the task is. Costs next to nothing if nobody does.
    public func report(_ progress: TaskProgress) { emit(progress) }
}
