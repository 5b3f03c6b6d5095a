/// Amounts over time in a bounded number of bins; if a time doesn't fit, the bins double their width.
package struct TimeBins: Sendable, Equatable {
    static let limit = 512

    /// The seconds per bin.
    package private(set) var width = 1.0 / 1024
    package private(set) var values: [Double] = []

    package init() {}

    /// Adds an amount to the bin of a time in seconds since the start; earlier times count to the first bin.
    mutating func add(_ amount: Double, at time: Double) {
        let bin = bin(of: time)
        values[bin] += amount
    }

    /// Adds `rate` per second from one time to another.
    mutating func add(rate: Double, from start: Double, to end: Double) {
        let start = max(0, start)
        guard end > start, rate != 0 else { return }
        let last = bin(of: end)
        let first = bin(of: start)
        guard first < last else {
            values[first] += rate * (end - start)
            return
        }
        values[first] += rate * (Double(first + 1) * width - start)
        for bin in (first + 1)..<max(first + 1, last) { values[bin] += rate * width }
        values[last] += rate * (end - Double(last) * width)
    }

    /// Extends the bins so that they include a time.
    mutating func fit(_ time: Double) { _ = bin(of: time) }

    /// Returns bins that combine each bin of this value with the same bin of another one of the same width.
    func combined(with other: TimeBins, _ combine: (Double, Double) -> Double) -> TimeBins {
        var result = self
        for bin in values.indices {
            result.values[bin] = combine(values[bin], bin < other.values.count ? other.values[bin] : 0)
        }
        return result
    }

    private mutating func bin(of time: Double) -> Int {
        guard time.isFinite, time > 0 else {
            if values.isEmpty { values.append(0) }
            return 0
        }
        while time / width >= Double(Self.limit) { double() }
        let bin = Int(time / width)
        while values.count <= bin { values.append(0) }
        return bin
    }

    private mutating func double() {
        width *= 2
        let half = (values.count + 1) / 2
        for bin in 0..<half {
            values[bin] = values[2 * bin] + (2 * bin + 1 < values.count ? values[2 * bin + 1] : 0)
        }
        values.removeLast(values.count - half)
    }
}
