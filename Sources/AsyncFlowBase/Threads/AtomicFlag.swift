import Synchronization

/// A flag for something that has happened or not, which any thread may read.
package final class AtomicFlag: Sendable {
    private let value = Atomic<Bool>(false)

    package init() {}

    /// Whether it has happened.
    package var isRaised: Bool { value.load(ordering: .acquiring) }

    /// Notes that it has happened.
    ///
    /// - Returns: Whether it hadn't happened before.
    @discardableResult
    package func raise() -> Bool { !value.exchange(true, ordering: .acquiringAndReleasing) }
}
