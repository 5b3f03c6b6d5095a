/// An item of work for a thread of the pool: a task whose dependencies are resolved, or the next step of an async body.
@usableFromInline
class WorkItem: @unchecked Sendable {  // `nextItem` belongs to whichever queue holds the item
    /// The next item in the queue that holds this one. A queue owns its items (+1).
    @exclusivity(unchecked)
    final var nextItem: Unmanaged<WorkItem>?

    /// Whether it is a ``TaskNode`` that consists only of its body, which may also be run within a Swift task.
    final let isPlainTask: Bool

    init(isPlainTask: Bool) { self.isPlainTask = isPlainTask }

    /// Does the work. Called once, on a thread of the pool; consumes the queue's reference.
    func run(on worker: Worker) { fatalError("abstract") }

    /// Ends the item without running it, because there is no thread for it. Called once; consumes the queue's
    /// reference.
    func end(because error: WorkerThreadError) { fatalError("abstract") }
}

/// A first-in-first-out list of work items that are linked through the items themselves: queueing allocates nothing.
struct WorkList: ~Copyable {
    private(set) var first: Unmanaged<WorkItem>?
    private var last: Unmanaged<WorkItem>?
    private(set) var count = 0
    var isEmpty: Bool { first == nil }

    mutating func append(_ item: Unmanaged<WorkItem>) {
        item._withUnsafeGuaranteedRef { $0.nextItem = nil }
        if let last {
            last._withUnsafeGuaranteedRef { $0.nextItem = item }
        } else {
            first = item
        }
        last = item
        count += 1
    }

    mutating func prepend(_ item: Unmanaged<WorkItem>) {
        item._withUnsafeGuaranteedRef { $0.nextItem = first }
        first = item
        if last == nil { last = item }
        count += 1
    }

    mutating func append(contentsOf other: consuming WorkList) {
        guard let otherFirst = other.first else { return }
        if let last {
            last._withUnsafeGuaranteedRef { $0.nextItem = otherFirst }
        } else {
            first = otherFirst
        }
        last = other.last
        count += other.count
    }

    mutating func popFirst() -> Unmanaged<WorkItem>? {
        guard let item = first else { return nil }
        first = item._withUnsafeGuaranteedRef { $0.nextItem }
        if first == nil { last = nil }
        count -= 1
        return item
    }

    /// Removes the older half, rounded up.
    mutating func splitOlderHalf() -> WorkList {
        var half = WorkList()
        for _ in 0..<((count + 1) / 2) {
            guard let item = popFirst() else { break }
            half.append(item)
        }
        return half
    }
}
