package import AsyncFlow

/// What an event means for who counts tasks and measures their durations.
package enum MeterStep: Sendable {
    case submitted
    /// Its first attempt has begun, or another one.
    case started(isFirst: Bool)
    /// An attempt has ended, and the task goes on.
    case paused
    /// - Parameter seconds: since the start of its last attempt; nil if it wasn't counted as running.
    case ended(Outcome, name: String, seconds: Double?)

    package enum Outcome: Sendable { case completed, failed, canceled }
}

/// Follows tasks from their start to their end. Memory: the tasks that have started and not ended.
package struct TaskClock: Sendable {
    private struct Entry {
        /// Of the last attempt; nil between attempts.
        var start: Int64?
    }
    private var running: [UInt64: Entry] = [:]

    package init() {}

    package mutating func apply(_ event: WorkflowEvent) -> MeterStep? {
        guard let number = event.taskNumber else { return nil }
        switch event.type {
        case .taskQueued: return event.attempt <= 1 ? .submitted : nil
        case .taskStarted:
            if running[number] == nil {
                running[number] = Entry(start: event.time.nanoseconds)
                return .started(isFirst: true)
            }
            guard running[number]!.start == nil else { return nil }
            running[number]!.start = event.time.nanoseconds
            return .started(isFirst: false)
        case .taskAttemptFailed:
            guard running[number]?.start != nil else { return nil }
            running[number]!.start = nil
            return .paused
        case .taskCompleted: return end(number, event, .completed)
        case .taskFailed: return end(number, event, .failed)
        case .taskCancelled: return end(number, event, .canceled)
        default: return nil
        }
    }

    private mutating func end(_ number: UInt64, _ event: WorkflowEvent, _ outcome: MeterStep.Outcome) -> MeterStep {
        let entry = running.removeValue(forKey: number)
        return .ended(
            outcome, name: event.task?.name ?? "",
            seconds: entry.map { Double(event.time.nanoseconds - $0.start) * 1e-9 },
            wasRunning: entry?.isRunning ?? false)
    }
}
