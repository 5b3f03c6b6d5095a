import Synchronization

/// Something that has happened or not, and that any thread may look at.
package final class AtomicFlag: Sendable {
    private let value = Atomic<Bool>(false)

    package init() {}

    /// Whether it has happened.
    package var isRaised: Bool { value.load(ordering: .acquiring) }

    /// Notes that it has happened.
    ///
    /// - Returns: Whether it hadn't before.
    @discardableResult
    package func raise() -> Bool { !value.exchange(true, ordering: .acquiringAndReleasing) }
}
