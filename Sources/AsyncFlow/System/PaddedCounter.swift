import Synchronization

/// As many bytes as processors hand to and fro at once: what is written often is kept this far from what is read often.
typealias CacheLine = (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

/// A counter on a cache line of its own, so that threads that count different things don't slow each other.
struct PaddedCounter: ~Copyable {
    private let before: CacheLine = (0, 0, 0, 0, 0, 0, 0, 0)
    private let count = Atomic<UInt64>(0)
    private let after: CacheLine = (0, 0, 0, 0, 0, 0, 0, 0)

    @discardableResult
    func increment() -> UInt64 { count.add(1, ordering: .sequentiallyConsistent).newValue }
    var value: UInt64 { count.load(ordering: .sequentiallyConsistent) }
}
