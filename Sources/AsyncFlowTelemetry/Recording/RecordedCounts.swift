import AsyncFlow

/// The numbers in a recording's lines with counts, which RHAPSODY's programs show.
struct RecordedCounts: Sendable {
    var submitted = 0
    private(set) var started = 0
    private(set) var running = 0
    private(set) var completed = 0
    private(set) var failed = 0
    private(set) var canceled = 0
    /// The number of tasks that have run and ended, and the sum of their durations.
    private(set) var ended = 0
    private(set) var nanoseconds: Int64 = 0

    mutating func start(isFirst: Bool) {
        if isFirst { started += 1 }
        running += 1
    }

    /// Counts a failed attempt of a task that isn't over.
    mutating func pause() { running -= 1 }

    /// - Parameters:
    ///   - hasBegun: false only for a task that is known never to have started, which counts neither as failed nor as
    ///     cancelled.
    ///   - duration: the duration of the last attempt in nanoseconds; nil if none was running.
    mutating func end(_ type: EventType, hasBegun: Bool, after duration: Int64?) {
        if let duration {
            running -= 1
            ended += 1
            nanoseconds &+= max(0, duration)
        }
        guard hasBegun else { return }
        switch type {
        case .taskCompleted: completed += 1
        case .taskFailed: failed += 1
        default: canceled += 1
        }
    }
}
