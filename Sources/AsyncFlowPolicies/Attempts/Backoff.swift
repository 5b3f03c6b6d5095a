import AsyncFlowBase

/// The pauses before retries.
///
/// Without ``Jitter`` the pauses are exactly these.
public struct Backoff: Sendable, Hashable {
    private enum Growth: Hashable {
        /// The same pause each time.
        case constant
        /// Each pause is longer than the one before by this duration.
        case linear(Duration)
        /// Each pause is this many times the one before.
        case exponential(Double)
    }

    private let initial: Duration
    private let growth: Growth
    /// The longest pause.
    private let maximum: Duration

    /// No pause: the next attempt begins as soon as it can.
    public static let none = constant(.zero)

    /// Returns the same pause before each retry.
    public static func constant(_ pause: Duration) -> Backoff {
        Backoff(initial: pause, growth: .constant, maximum: pause)
    }

    /// Returns pauses of `initial`, `initial + increment`, `initial + 2 * increment` and so on.
    ///
    /// - Parameters:
    ///   - initial: the pause before the first retry.
    ///   - increment: the difference of each pause from the one before; by default as long as `initial`.
    ///   - maximum: the longest pause.
    public static func linear(
        initial: Duration = .seconds(1), increment: Duration? = nil, maximum: Duration = .seconds(300)
    ) -> Backoff {
        Backoff(initial: initial, growth: .linear(increment ?? initial), maximum: maximum)
    }

    /// Returns pauses of `initial`, `initial * factor`, `initial * factor²` and so on.
    ///
    /// - Parameters:
    ///   - initial: the pause before the first retry.
    ///   - factor: the ratio of each pause to the one before; at least 1.
    ///   - maximum: the longest pause.
    public static func exponential(
        initial: Duration = .seconds(1), factor: Double = 2, maximum: Duration = .seconds(300)
    ) -> Backoff {
        Backoff(initial: initial, growth: .exponential(factor), maximum: maximum)
    }

    /// Pauses of 1, 2, 4, 8… seconds, at most five minutes.
    public static let exponential = exponential(initial: .seconds(1))

    /// Returns the pause before a retry, without jitter.
    ///
    /// - Parameter number: 1 for the first retry.
    package func pause(beforeRetry number: Int) -> Duration {
        switch growth {
        case .constant: initial
        case .linear(let increment): capped(initial.inSeconds + increment.inSeconds * Double(number - 1))
        case .exponential(let factor): capped(initial > .zero ? initial.inSeconds * Self.power(factor, number - 1) : 0)
        }
    }

    private func capped(_ seconds: Double) -> Duration {
        seconds < maximum.inSeconds ? Duration(roundedToNanoseconds: seconds) : maximum
    }

    /// Raises a number to a power by squaring, because the number of retries is unlimited.
    private static func power(_ base: Double, _ exponent: Int) -> Double {
        var (result, square, rest) = (1.0, base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return result
    }

    /// The reason why the backoff can't work, if there is one.
    package var problem: String? {
        if initial < .zero { return "the backoff's pause must be at least 0, got \(initial.shortText)" }
        switch growth {
        case .constant: return nil
        case .linear(let increment):
            if increment < .zero {
                return "the backoff's increment must be at least 0, got \(increment.shortText)"
            }
        case .exponential(let factor):
            guard factor.isFinite, factor >= 1 else {
                return "the backoff's factor must be at least 1, got \(factor)"
            }
        }
        guard maximum < initial else { return nil }
        return
            "the backoff's maximum must be at least its first pause of \(initial.shortText), got \(maximum.shortText)"
    }
}
