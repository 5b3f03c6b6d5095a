import Synchronization

/// The number of bytes that processors transfer at once: data written often is kept this far from data read often.
typealias CacheLine = (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

/// A counter on a separate cache line, so that threads that count different things don't slow each other down.
struct PaddedCounter: ~Copyable {
    private let before: CacheLine = (0, 0, 0, 0, 0, 0, 0, 0)
    private let count = Atomic<UInt64>(0)
    private let after: CacheLine = (0, 0, 0, 0, 0, 0, 0, 0)

    @discardableResult
    func increment() -> UInt64 { count.add(1, ordering: .sequentiallyConsistent).newValue }
    var value: UInt64 { count.load(ordering: .sequentiallyConsistent) }
}
