/// The number of tasks with a common limit that may run at once, and the number that may start in a period.
package struct TaskLimit: Hashable, Sendable {
    /// The maximum number of starts in any period of this length, wherever it begins: a sliding window. A burst at the
    /// end of one period followed by another at the beginning of the next, which fixed periods or a token bucket allow,
    /// can't happen.
    package struct Rate: Hashable, Sendable {
        package var count: Int
        package var period: Duration

        package init(count: Int, period: Duration) {
            self.count = count
            self.period = period
        }
    }
    /// The number that may run at once; nil for any number.
    package var concurrent: Int?
    package var rate: Rate?

    package init(concurrent: Int? = nil, rate: Rate? = nil) {
        self.concurrent = concurrent
        self.rate = rate
    }

    /// The reason why no task could ever start with this limit; nil if tasks can.
    package var problem: String? {
        if let concurrent, concurrent < 1 { return ".limit(concurrent:) must be at least 1, got \(concurrent)" }
        if let rate, rate.count < 1 { return ".rate(_:per:) must allow at least 1 start per period, got \(rate.count)" }
        if let rate, rate.period < .zero { return ".rate(_:per:) must have a period of at least 0, got \(rate.period)" }
        return nil
    }
}

/// The times of the last starts under a rate, as far as they matter.
struct StartHistory: Sendable {
    private(set) var rate: TaskLimit.Rate?
    /// The times; a ring buffer once it is full.
    private var times: [Duration] = []
    private var oldest = 0

    /// The last start.
    private var newest: Duration? {
        times.isEmpty ? nil : times[(oldest + times.count - 1) % times.count]
    }

    /// Continues with another rate, as far as the recorded starts allow.
    mutating func setRate(_ rate: TaskLimit.Rate?) {
        guard rate != self.rate else { return }
        let inOrder = times[oldest...] + times[..<oldest]
        times = rate.map { Array(inOrder.suffix($0.count)) } ?? []
        oldest = 0
        self.rate = rate
    }

    mutating func add(_ time: Duration) {
        guard let rate else { return }
        guard times.count >= rate.count else { return times.append(time) }
        times[oldest] = time
        oldest = (oldest + 1) % times.count
    }

    /// Returns the time from which `count` more tasks may start; nil if never, because the rate is lower.
    func opening(for count: Int) -> Duration? {
        guard let rate else { return .zero }
        guard count <= rate.count else { return nil }
        let missing = count - (rate.count - times.count)
        return missing <= 0 ? .zero : times[(oldest + missing - 1) % times.count] + rate.period
    }

    /// The time from which none of the starts matters.
    var end: Duration { rate.flatMap { rate in newest.map { $0 + rate.period } } ?? .zero }
}
