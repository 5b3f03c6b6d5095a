/// How many times the baseline's cost something has: below 1 is cheaper.
///
/// Made round by round, from figures measured within seconds of each other, and only then reduced to the median.
/// A machine that is slow for a while slows both down, and the ratio stays.
package struct Ratio {
    package let rounds: [Double]

    /// - Parameters:
    ///   - values: one figure per round.
    ///   - baseline: the baseline's figure in the same rounds.
    package init(of values: [Double], to baseline: [Double]) {
        rounds = zip(values, baseline).map { $0 / $1 }
    }

    package var median: Double? { rounds.median }
}
