import Synchronization

/// Somebody who is told when a task ends: a dependent task, a person awaiting the value, a callback.
///
/// The queue link is here, and not in the subclasses that are queued, so that a task can be both.
@usableFromInline
class TaskObserver: WorkItem, @unchecked Sendable {
    /// Called once for each edge from an ended task to this observer, on the thread that ended it.
    ///
    /// Must be quick and must not call user code under a lock. What became ready goes into `ready`.
    func dependencyEnded(_ dependency: TaskNode, ready: inout ReadyBatch) {}
}

/// One observer's wish to be told of one task's end: an entry of that task's observer list.
@usableFromInline
struct DependencyEdge {
    /// Until the edge is in a list, the task whose end is awaited; from then on the next edge of that list.
    private var link: UnsafeMutableRawPointer?
    /// Stays alive until all its edges were used.
    let observer: Uncounted<TaskObserver>

    init(from observer: TaskObserver, to dependency: TaskNode) {
        link = Unmanaged.passUnretained(dependency).toOpaque()
        self.observer = Uncounted(observer)
    }

    /// The task whose end is awaited. Only until the edge is in that task's list.
    var dependency: Uncounted<TaskNode> {
        Uncounted(Unmanaged.fromOpaque(link.unsafelyUnwrapped))
    }

    fileprivate var next: UnsafeMutablePointer<DependencyEdge>? {
        get { link?.assumingMemoryBound(to: DependencyEdge.self) }
        set { link = UnsafeMutableRawPointer(newValue) }
    }
}

/// The edges from one task to its dependencies: in place when they are few, so that most tasks need no further memory.
///
/// How many there are is kept by the task, where there is room for it.
@usableFromInline
struct DependencyEdges {
    /// As much as two edges take.
    @usableFromInline typealias Words = (UInt, UInt, UInt, UInt)
    private static let capacityInPlace = 2
    /// A task without edges may keep something else here.
    var words: Words = (0, 0, 0, 0)

    /// - Parameter count: how many edges there will be.
    init(count: Int32) {
        assert(MemoryLayout<DependencyEdge>.stride * Self.capacityInPlace <= MemoryLayout.size(ofValue: words))
        if count > Self.capacityInPlace {
            words.0 = UInt(bitPattern: UnsafeMutablePointer<DependencyEdge>.allocate(capacity: Int(count)))
        }
    }

    /// The first edge. Good for as long as the object lives whose stored property this is: those don't move.
    mutating func pointer(count: Int32) -> UnsafeMutablePointer<DependencyEdge> {
        if count > Self.capacityInPlace { return UnsafeMutablePointer(bitPattern: words.0).unsafelyUnwrapped }
        return withUnsafeMutableBytes(of: &words) {
            $0.baseAddress!.bindMemory(to: DependencyEdge.self, capacity: Self.capacityInPlace)
        }
    }

    /// Gives the memory back: every edge was used.
    mutating func release(count: Int32) {
        if count > Self.capacityInPlace { pointer(count: count).deallocate() }
    }
}

/// The observers of one task: a lock-free stack that is closed, once, when the task ends.
@usableFromInline
struct ObserverList: ~Copyable {
    private static var closed: UInt { 1 }
    private let head = Atomic<UInt>(0)

    /// Adds an edge, unless the task has ended already.
    ///
    /// - Returns: whether the observer will be told.
    func add(_ edge: UnsafeMutablePointer<DependencyEdge>) -> Bool {
        var first = head.load(ordering: .acquiring)
        while first != Self.closed {
            edge.pointee.next = UnsafeMutablePointer(bitPattern: first)
            let (exchanged, original) = head.weakCompareExchange(
                expected: first, desired: UInt(bitPattern: edge),
                successOrdering: .acquiringAndReleasing, failureOrdering: .acquiring)
            if exchanged { return true }
            first = original
        }
        return false
    }

    /// Whether the task has ended and its outcome may be read.
    var isClosed: Bool { head.load(ordering: .acquiring) == Self.closed }

    /// Closes the list and tells every observer that `ended` has ended, in the order in which they were added.
    func close(_ ended: TaskNode, _ batch: inout ReadyBatch) {
        var edge = UnsafeMutablePointer<DependencyEdge>(
            bitPattern: head.exchange(Self.closed, ordering: .acquiringAndReleasing))
        var reversed: UnsafeMutablePointer<DependencyEdge>?
        while let current = edge {
            edge = current.pointee.next
            current.pointee.next = reversed
            reversed = current
        }
        while let current = reversed {
            reversed = current.pointee.next  // before the call: the observer may free its edges in it
            current.pointee.observer { $0.dependencyEnded(ended, ready: &batch) }
        }
    }
}
