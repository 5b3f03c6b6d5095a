/// How many tasks that share a limit may run at once, and how many of them may start in a time.
struct TaskLimit: Hashable, Sendable {
    /// At most so many starts in any span of time of this length, wherever it begins: a sliding window. A burst at the
    /// end of one span and another at the beginning of the next, as with fixed spans or a bucket of tokens, can't
    /// happen.
    struct Rate: Hashable, Sendable {
        var count: Int
        var period: Duration
    }
    /// How many may run at once; nil for any number.
    var concurrent: Int?
    var rate: Rate?

    /// Why no task could ever start with this limit; nil if tasks can.
    var problem: String? {
        if let concurrent, concurrent < 1 { return "at most \(concurrent) at once may run; it takes 1 or more" }
        if let rate, rate.count < 1 { return "at most \(rate.count) may start per period; it takes 1 or more" }
        if let rate, rate.period < .zero { return "the period of a rate is negative (\(rate.period))" }
        return nil
    }
}

/// When the last tasks under a rate started, as far as it matters.
struct StartHistory: Sendable {
    private(set) var rate: TaskLimit.Rate?
    /// A ring once it is full.
    private var times: [Duration] = []
    private var oldest = 0

    /// The last start.
    private var newest: Duration? {
        times.isEmpty ? nil : times[(oldest + times.count - 1) % times.count]
    }

    /// Goes on with another rate, as far as the starts that are remembered allow.
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

    /// From when on `count` more tasks may start; nil if never, because the rate is less.
    func opening(for count: Int) -> Duration? {
        guard let rate else { return .zero }
        guard count <= rate.count else { return nil }
        let missing = count - (rate.count - times.count)
        return missing <= 0 ? .zero : times[(oldest + missing - 1) % times.count] + rate.period
    }

    /// From when on none of the starts matters any more.
    var end: Duration { rate.flatMap { rate in newest.map { $0 + rate.period } } ?? .zero }
}
