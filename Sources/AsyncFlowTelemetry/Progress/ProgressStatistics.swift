import AsyncFlow

/// What a display of progress knows of a run at one moment.
struct ProgressStatistics: Sendable {
    /// The tasks of one name.
    struct Row: Sendable, Equatable {
        var name: String
        /// How many there are to be: as many as were announced, or else called so far.
        var total = 0
        var completed = 0
        var failed = 0
        var cancelled = 0
        var running = 0
        /// The parts of running tasks that are done, as they say themselves, in tasks.
        var partlyDone = 0.0
        /// Ends per second, lately; nil if too little has been seen.
        var rate: Double?
        /// Nil where it can't be known.
        var timeLeft: Duration?
        /// When one of them last ended.
        var lastEnd: Duration?
        /// A service runs until nobody needs it: it is never waited for.
        var isService = false

        var ended: Int { completed + failed + cancelled }
        var waiting: Int { max(0, total - ended - running) }
        var isOver: Bool { ended >= total }
    }

    struct Failure: Sendable {
        var name: String
        var error: any Error

        /// One line, which may be long.
        var message: String {
            let cause = (error as? TaskFailedError)?.cause ?? error
            return String(describing: cause)
        }
    }

    /// In the order in which their first task was called.
    var rows: [Row] = []
    var elapsed: Duration = .zero
    var coresBusy = 0
    var coresTotal = 0
    var lastFailure: Failure?
    /// How many events weren't counted, because there were too many at once.
    var dropped = 0

    /// All names together.
    var total: Row {
        var sum = Row(name: "")
        for row in rows {
            sum.total += row.total
            sum.completed += row.completed
            sum.failed += row.failed
            sum.cancelled += row.cancelled
            sum.running += row.running
            sum.partlyDone += row.partlyDone
        }
        let rates = rows.compactMap(\.rate)
        sum.rate = rates.isEmpty ? nil : rates.reduce(0, +)
        let unfinished = rows.filter { !$0.isOver && !$0.isService }
        // One that can't be told leaves the whole untold.
        let left = unfinished.map(\.timeLeft)
        if !left.isEmpty, left.allSatisfy({ $0 != nil }) { sum.timeLeft = left.compactMap { $0 }.max() }
        return sum
    }
}
