/// The waiting tasks that share a limit, or all those that have none, and what their limit allows.
struct Lane<LimitKey: Hashable & Sendable>: Sendable {
    /// Nil for those without a limit.
    let key: LimitKey?
    private(set) var limit = TaskLimit()
    private var history = StartHistory()
    var running = 0
    /// The first task of each shape.
    var waiting = SortedSet<Place>()

    // Where it is in the lists of the queue.
    var listed: Place?
    var opensAt: Duration?
    var fadesAt: Duration?

    init(key: LimitKey?) { self.key = key }

    mutating func setLimit(_ limit: TaskLimit) {
        self.limit = limit
        history.setRate(limit.rate)
    }

    mutating func addStart(at time: Duration) {
        running += 1
        history.add(time)
    }

    /// Whether so many more tasks may start now.
    func allows(_ count: Int, at time: Duration) -> Bool {
        if let concurrent = limit.concurrent, concurrent - running < count { return false }
        return history.opening(for: count).map { $0 <= time } ?? false
    }

    /// When the rate alone allows the next start, if only the rate is in its way; nil otherwise.
    func opening(at time: Duration) -> Duration? {
        if let concurrent = limit.concurrent, running >= concurrent { return nil }
        return history.opening(for: 1).flatMap { $0 > time ? $0 : nil }
    }

    /// From when on nothing of it need be kept; nil as long as a task runs or waits.
    var end: Duration? { running == 0 && waiting.isEmpty ? history.end : nil }
}

/// Where the first task of a shape is in the order in which tasks start: by priority, then by submission.
struct Place: Comparable, Sendable {
    /// The lower, the earlier.
    var rank: Int
    var number: UInt64
    var shape: Int

    static func < (left: Place, right: Place) -> Bool {
        if left.rank != right.rank { return left.rank < right.rank }
        if left.number != right.number { return left.number < right.number }
        return left.shape < right.shape
    }
}

/// When something is to be looked at again.
struct LaneTime: Comparable, Sendable {
    var time: Duration
    var lane: Int

    static func < (left: LaneTime, right: LaneTime) -> Bool { (left.time, left.lane) < (right.time, right.lane) }
}
