import AsyncFlow

/// The state of a run at one moment, as a progress display shows it.
struct ProgressStatistics: Sendable {
    /// The tasks of one name.
    struct Row: Sendable, Equatable {
        var name: String
        /// The number of tasks: those announced or those called so far, whichever are more.
        var total = 0
        var completed = 0
        /// The completed tasks whose value an earlier run recorded.
        var reused = 0
        var failed = 0
        var cancelled = 0
        var running = 0
        /// The sum of the fractions that running tasks have reported as done.
        var partlyDone = 0.0
        /// The recent number of ends per second; nil if too little has been observed.
        var rate: Double?
        /// The estimated time left; nil if it can't be estimated.
        var timeLeft: Duration?
        /// The time when a task last ended.
        var lastEnd: Duration?
        /// Whether this is a service, which runs as long as it is needed and therefore has no time left.
        var isService = false

        var ended: Int { completed + failed + cancelled }
        var waiting: Int { max(0, total - ended - running) }
        var isOver: Bool { ended >= total }
    }

    struct Failure: Sendable {
        var name: String
        var error: any Error

        /// The description of the underlying error, which may be long.
        var message: String {
            let cause = (error as? TaskFailedError)?.cause ?? error
            return String(describing: cause)
        }
    }

    /// The rows: announced names first, then the others in the order in which their first task was called.
    var rows: [Row] = []
    var elapsed: Duration = .zero
    var coresBusy = 0
    var coresTotal = 0
    var lastFailure: Failure?
    /// The number of events that weren't counted because there were too many at once.
    var dropped = 0

    /// The sum of all rows.
    var total: Row {
        var sum = Row(name: "")
        for row in rows {
            sum.total += row.total
            sum.completed += row.completed
            sum.reused += row.reused
            sum.failed += row.failed
            sum.cancelled += row.cancelled
            sum.running += row.running
            sum.partlyDone += row.partlyDone
        }
        let rates = rows.compactMap(\.rate)
        sum.rate = rates.isEmpty ? nil : rates.reduce(0, +)
        let unfinished = rows.filter { !$0.isOver && !$0.isService }
        // If one row's time left is unknown, so is the total.
        let left = unfinished.map(\.timeLeft)
        if !left.isEmpty, left.allSatisfy({ $0 != nil }) { sum.timeLeft = left.compactMap { $0 }.max() }
        return sum
    }
}
