import Synchronization

/// Work that comes from outside the pool: any thread pushes, and a thread of the pool takes all of it.
struct InjectionQueue: ~Copyable {
    private let head = Atomic<UInt>(0)

    /// Adds the items in order.
    func push(_ work: consuming WorkList) {
        var work = work
        while let item = work.popFirst() {
            var first = head.load(ordering: .relaxed)
            while true {
                item._withUnsafeGuaranteedRef {
                    $0.nextItem = UnsafeRawPointer(bitPattern: first).map { Unmanaged.fromOpaque($0) }
                }
                let (exchanged, original) = head.weakCompareExchange(
                    expected: first, desired: UInt(bitPattern: item.toOpaque()),
                    successOrdering: .sequentiallyConsistent, failureOrdering: .relaxed)
                if exchanged { break }
                first = original
            }
        }
    }

    /// Removes all items, the oldest first.
    func takeAll() -> WorkList {
        guard head.load(ordering: .sequentiallyConsistent) != 0 else { return WorkList() }
        var item = UnsafeRawPointer(bitPattern: head.exchange(0, ordering: .acquiringAndReleasing))
            .map { Unmanaged<WorkItem>.fromOpaque($0) }
        var list = WorkList()
        while let current = item {
            item = current._withUnsafeGuaranteedRef { $0.nextItem }
            list.prepend(current)
        }
        return list
    }
}
