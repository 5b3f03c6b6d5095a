import Synchronization

/// Counts down to zero, from any number of threads.
final class Countdown: Sendable {
    private let count: Atomic<Int>

    init(from count: Int) { self.count = Atomic(count) }

    /// - Returns: whether the count has reached zero.
    func decrement() -> Bool { count.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
}
