import AsyncFlowBase

/// The random part of a pause before a retry, so that tasks that failed together don't come back together.
///
/// Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. A pause is never longer than
/// the ``Backoff`` sets.
public struct Jitter: Sendable, Hashable {
    private let share: Double

    /// The pauses are exactly those of the backoff.
    public static let none = Jitter(share: 0)

    /// Anything from no pause to the whole pause: spreads the load best.
    public static let full = Jitter(share: 1)

    /// At least half of the pause.
    public static let equal = Jitter(share: 0.5)

    /// Returns a jitter that makes this share of the pause random.
    ///
    /// - Parameter share: from 0 (``none``) to 1 (``full``); 0.1 gives pauses of 90 to 100 % of the backoff's.
    public static func proportion(_ share: Double) -> Jitter { Jitter(share: share) }

    /// Returns a pause with the random part applied.
    ///
    /// - Parameter random: from 0 up to but not including 1.
    package func applied(to pause: Duration, random: Double) -> Duration {
        guard share > 0, pause > .zero else { return pause }
        return min(pause, Duration(roundedToNanoseconds: pause.inSeconds * (1 - share + share * random)))
    }

    /// The reason why the jitter can't work, if there is one.
    package var problem: String? {
        (0...1).contains(share) ? nil : "the jitter's share of the pause must be from 0 to 1, got \(share)"
    }
}
