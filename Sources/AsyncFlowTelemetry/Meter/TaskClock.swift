package import AsyncFlow

/// The meaning of an event for counting tasks and measuring their durations.
package enum MeterStep: Sendable {
    case submitted
    /// The first attempt or a later one has started.
    case started(isFirst: Bool)
    /// An attempt has ended, and the task isn't over.
    case paused
    /// The task has a value that an earlier run recorded.
    case reused
    /// A model has answered.
    case answered(ModelAnswer)
    /// - Parameter seconds: the time since the start of the last attempt; nil if the task wasn't counted as running.
    case ended(Outcome, name: String, seconds: Double?)

    package enum Outcome: Sendable { case completed, failed, canceled }
}

/// A clock that follows tasks from start to end. Its memory is one entry per task that has started and not ended.
package struct TaskClock: Sendable {
    /// The start of each task's last attempt; nil between attempts.
    private var starts = TaskTable<Int64?>()

    package init() {}

    package mutating func apply(_ event: WorkflowEvent) -> MeterStep? {
        guard let number = event.taskNumber else { return nil }
        switch event.type {
        case .taskQueued: return event.attempt <= 1 ? .submitted : nil
        case .taskStarted:
            let known = starts[number]
            starts[number] = .some(event.time.nanoseconds)
            // A second start of the same attempt changes nothing but the time.
            if case .some(.some) = known { return nil }
            return .started(isFirst: known == nil)
        case .taskAttemptFailed:
            guard case .some(.some) = starts[number] else { return nil }
            starts[number] = .some(.none)
            return .paused
        case .taskReused: return .reused
        case .taskCompleted: return end(number, event, .completed)
        case .taskFailed: return end(number, event, .failed)
        case .taskCancelled: return end(number, event, .canceled)
        case .custom: return ModelAnswer(event.custom).map { .answered($0) }
        default: return nil
        }
    }

    private mutating func end(_ number: UInt64, _ event: WorkflowEvent, _ outcome: MeterStep.Outcome) -> MeterStep {
        let start = starts.removeValue(forKey: number) ?? nil
        return .ended(
            outcome, name: event.task?.name ?? "",
            seconds: start.map { Double(event.time.nanoseconds - $0) * 1e-9 })
    }
}
