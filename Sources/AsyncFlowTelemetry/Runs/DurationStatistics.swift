/// The mean and percentiles of durations, in seconds.
package struct DurationStatistics: Sendable, Equatable {
    package var count = 0
    package var sum = 0.0
    package var mean = 0.0
    package var median = 0.0
    package var p95 = 0.0
    package var p99 = 0.0
    package var max = 0.0

    /// Creates statistics of values, or nil if there are none. Percentiles use the nearest rank, so they are values
    /// that occurred.
    package init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        count = sorted.count
        sum = sorted.reduce(0, +)
        mean = sum / Double(count)
        median = Self.rank(0.5, sorted)
        p95 = Self.rank(0.95, sorted)
        p99 = Self.rank(0.99, sorted)
        max = sorted[count - 1]
    }

    private static func rank(_ part: Double, _ sorted: [Double]) -> Double {
        sorted[Swift.max(0, Int((part * Double(sorted.count)).rounded(.up)) - 1)]
    }
}

extension RunModel {
    /// Returns statistics of how long ended tasks ran, by the place of their name.
    ///
    /// - Parameter limit: the number of tasks of a name above which only evenly spaced ones are used.
    package func durationsByName(limit: Int = .max) -> [DurationStatistics?] {
        var values = [[Double]](repeating: [], count: names.count)
        let strides = names.map { facts in Swift.max(1, facts.counts.reduce(0, +) / Swift.max(1, limit)) }
        var seen = [Int](repeating: 0, count: names.count)
        for place in 0..<taskCount where !ended[place].isNaN && !started[place].isNaN {
            let name = nameNumber(place)
            if seen[name].isMultiple(of: strides[name]) { values[name].append(ended[place] - started[place]) }
            seen[name] += 1
        }
        return values.map { DurationStatistics($0.map { Swift.max(0, $0) }) }
    }
}
