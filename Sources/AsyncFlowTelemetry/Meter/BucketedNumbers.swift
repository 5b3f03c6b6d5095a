/// A histogram with fixed buckets, which collectors need to be the same everywhere and always.
package struct BucketedNumbers: Sendable, Hashable {
    package struct Buckets: Sendable, Hashable {
        /// The upper bounds of all buckets but the last one.
        package let bounds: [Double]

        /// Buckets for durations, from a function of a millisecond to a simulation of a day.
        package static let seconds = Buckets(bounds: [
            0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 150, 300, 600, 1800, 3600,
            10800, 43200, 86400,
        ])
        /// Buckets for the times of answers, from OpenTelemetry's conventions for generative AI.
        package static let answerSeconds = Buckets(bounds: [
            0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
        ])
        /// Buckets for numbers of tokens, from the same conventions.
        package static let tokens = Buckets(bounds: (0...13).map { Double(1 << (2 * $0)) })
    }

    package let buckets: Buckets
    package var bounds: [Double] { buckets.bounds }
    package private(set) var counts: [UInt64]
    package private(set) var sum = 0.0
    package private(set) var least = Double.infinity
    package private(set) var greatest = 0.0

    package init(_ buckets: Buckets) {
        self.buckets = buckets
        counts = [UInt64](repeating: 0, count: buckets.bounds.count + 1)
    }

    package var count: UInt64 { counts.reduce(0, +) }

    /// - Parameter number: the number; a negative one counts as 0.
    package mutating func add(_ number: Double) {
        let number = max(0, number)
        let bounds = bounds
        var (low, high) = (0, bounds.count)
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < number { low = middle + 1 } else { high = middle }
        }
        counts[low] += 1
        sum += number
        least = min(least, number)
        greatest = max(greatest, number)
    }
}
