/// A histogram of durations whose buckets grow with the duration, so that each quantile is accurate to 3 %.
package struct DurationHistogram: Sendable {
    private static let bucketsPerOctave = 32
    private var counts: [UInt32] = []
    package private(set) var count = 0
    package private(set) var total = 0.0
    package private(set) var maximum = 0.0

    package init() {}

    /// - Parameter nanoseconds: the duration; a negative one counts as 0.
    package mutating func add(nanoseconds: Int64) {
        let value = UInt64(max(0, nanoseconds))
        let bucket = Self.bucket(of: value)
        if bucket >= counts.count { counts += [UInt32](repeating: 0, count: bucket + 1 - counts.count) }
        counts[bucket] += 1
        count += 1
        total += Double(value) * 1e-9
        maximum = max(maximum, Double(value) * 1e-9)
    }

    package var mean: Double? { count == 0 ? nil : total / Double(count) }

    /// Returns a quantile in seconds; nil if there are no durations.
    package func quantile(_ fraction: Double) -> Double? {
        guard count > 0 else { return nil }
        let rank = max(1, Int((fraction * Double(count)).rounded(.up)))
        var seen = 0
        for (bucket, number) in counts.enumerated() where number > 0 {
            seen += Int(number)
            if seen >= rank { return min(maximum, Self.middle(of: bucket) * 1e-9) }
        }
        return maximum
    }

    /// Returns the bucket of a number. Numbers below 32 have a bucket each; above that, each power of two has 32.
    private static func bucket(of value: UInt64) -> Int {
        guard value >= UInt64(bucketsPerOctave) else { return Int(value) }
        let octave = 63 - value.leadingZeroBitCount
        return bucketsPerOctave * (octave - 4) + Int((value >> UInt64(octave - 5)) & 31)
    }

    private static func middle(of bucket: Int) -> Double {
        guard bucket >= bucketsPerOctave else { return Double(bucket) }
        let octave = bucket / bucketsPerOctave + 4
        let step = Double(UInt64(1) << UInt64(octave - 5))
        return (Double(bucketsPerOctave + bucket % bucketsPerOctave) + 0.5) * step
    }
}
