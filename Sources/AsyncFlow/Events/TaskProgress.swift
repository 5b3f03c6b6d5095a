/// The progress that a task reports.
public struct TaskProgress: Sendable, Hashable {
    /// The fraction of its work that is done, from 0 to 1; nil if unknown.
    public var fraction: Double?
    /// A short line for people about what the task is doing at the moment.
    public var message: String?

    /// Creates a report of a task's progress.
    ///
    /// - Parameters:
    ///   - fraction: the fraction of the work that is done; values outside of 0 to 1 are clamped.
    ///   - message: a short line about what the task is doing at the moment.
    public init(fraction: Double? = nil, message: String? = nil) {
        self.fraction = fraction.map { $0.isNaN ? 0 : min(1, max(0, $0)) }
        self.message = message
    }
}

extension TaskContext {
    /// Reports the task's progress to those who watch the run. Costs almost nothing if nobody does.
    public func report(_ progress: TaskProgress) { emit(progress) }
}
