/// The waiting tasks that share a limit, or all those without one, and the state of their limit.
package struct Lane<LimitKey: Hashable & Sendable>: Sendable {
    /// The key of the limit; nil for the tasks without one.
    package let key: LimitKey?
    package private(set) var limit = TaskLimit()
    private var history = StartHistory()
    package var running = 0
    /// The first task of each shape.
    package var waiting = SortedSet<Place>()

    // The lane's entries in the lists of the queue.
    var listed: Place?
    var opensAt: Duration?
    var fadesAt: Duration?

    package init(key: LimitKey?) { self.key = key }

    mutating func setLimit(_ limit: TaskLimit) {
        self.limit = limit
        history.setRate(limit.rate)
    }

    mutating func addStart(at time: Duration) {
        running += 1
        history.add(time)
    }

    /// Returns whether this many more tasks may start now.
    package func allows(_ count: Int, at time: Duration) -> Bool {
        if let concurrent = limit.concurrent, concurrent - running < count { return false }
        return history.opening(for: count).map { $0 <= time } ?? false
    }

    /// Returns the time at which the rate allows the next start, if only the rate prevents it; nil otherwise.
    package func opening(at time: Duration) -> Duration? {
        if let concurrent = limit.concurrent, running >= concurrent { return nil }
        return history.opening(for: 1).flatMap { $0 > time ? $0 : nil }
    }

    /// The time from which nothing about the lane has to be kept; nil as long as a task runs or waits.
    package var end: Duration? { running == 0 && waiting.isEmpty ? history.end : nil }
}

/// The place of a shape's first task in the order in which tasks start: by priority, then by submission.
package struct Place: Comparable, Sendable {
    /// The rank: the lower, the earlier.
    package var rank: Int
    package var number: UInt64
    package var shape: Int

    package static func < (left: Place, right: Place) -> Bool {
        if left.rank != right.rank { return left.rank < right.rank }
        if left.number != right.number { return left.number < right.number }
        return left.shape < right.shape
    }
}

/// The time at which a lane has to be examined again.
struct LaneTime: Comparable, Sendable {
    var time: Duration
    var lane: Int

    static func < (left: LaneTime, right: LaneTime) -> Bool { (left.time, left.lane) < (right.time, right.lane) }
}
