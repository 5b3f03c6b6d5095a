import AsyncFlowBase

/// A meter of the recent growth of a count. It looks further back the longer it runs, so that slow growth has a rate,
/// too.
struct RateMeter: Sendable {
    private struct Sample: Sendable {
        let time: Duration
        let count: Int
    }
    private var samples: [Sample] = []

    /// Returns the length of the window: 10 s or a quarter of the observed time, whichever is longer.
    private func window(at now: Duration) -> Duration {
        guard let first else { return .seconds(10) }
        return max(.seconds(10), (now - first) / 4)
    }
    private var first: Duration?

    /// Notes a count; cheap to call often.
    mutating func note(_ count: Int, at now: Duration) {
        if first == nil { first = now }
        let window = window(at: now)
        if let last = samples.last, now - last.time < window / 10 { return }
        samples.append(Sample(time: now, count: count))
        while samples.count > 2, now - samples[1].time >= window { samples.removeFirst() }
    }

    /// - Returns: the growth per second until now; nil if less than a second has been observed, or the count hasn't
    ///   grown.
    func rate(of count: Int, at now: Duration) -> Double? {
        guard let oldest = samples.first, now - oldest.time >= .seconds(1), count > oldest.count else { return nil }
        return Double(count - oldest.count) / (now - oldest.time).inSeconds
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
