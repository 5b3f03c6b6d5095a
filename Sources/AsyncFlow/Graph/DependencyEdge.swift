import Synchronization

/// An object that is notified when a task ends: a dependent task, a caller that awaits the value, a callback.
///
/// The queue link is here, and not in the subclasses that are queued, so that a task can be both observer and work
/// item.
@usableFromInline
class TaskObserver: WorkItem, @unchecked Sendable {
    /// Called once for each edge from a task that has ended to this observer, on the thread that ended it.
    ///
    /// It must be quick and must not call user code under a lock. Tasks that became ready are added to `ready`.
    func dependencyEnded(_ dependency: TaskNode, ready: inout ReadyBatch) {}
}

/// An observer's registration for one task's end: an entry in that task's observer list.
@usableFromInline
struct DependencyEdge {
    /// Until the edge is in a list, the task whose end is awaited; after that, the next edge in the list.
    private var link: UnsafeMutableRawPointer?
    /// The observer, which stays alive until all its edges have been used.
    let observer: Uncounted<TaskObserver>

    init(from observer: TaskObserver, to dependency: TaskNode) {
        link = Unmanaged.passUnretained(dependency).toOpaque()
        self.observer = Uncounted(observer)
    }

    /// The task whose end is awaited. Valid only until the edge is in that task's list.
    var dependency: Uncounted<TaskNode> {
        Uncounted(Unmanaged.fromOpaque(link.unsafelyUnwrapped))
    }

    fileprivate var next: UnsafeMutablePointer<DependencyEdge>? {
        get { link?.assumingMemoryBound(to: DependencyEdge.self) }
        set { link = UnsafeMutableRawPointer(newValue) }
    }
}

/// The edges from one task to its dependencies; stored inline if they are few, so that most tasks need no more memory.
///
/// The task stores their number, because it has room for it.
@usableFromInline
struct DependencyEdges {
    /// The space of two edges.
    @usableFromInline typealias Words = (UInt, UInt, UInt, UInt)
    private static let capacityInPlace = 2
    /// The edges themselves, if they are few. A task without edges may store something else here.
    var words: Words = (0, 0, 0, 0)

    /// - Parameter count: the number of edges that there will be.
    init(count: Int32) {
        assert(MemoryLayout<DependencyEdge>.stride * Self.capacityInPlace <= MemoryLayout.size(ofValue: words))
        if count > Self.capacityInPlace {
            words.0 = UInt(bitPattern: UnsafeMutablePointer<DependencyEdge>.allocate(capacity: Int(count)))
        }
    }

    /// Returns the address of the first edge. It is valid as long as the object with this stored property exists,
    /// because stored properties don't move.
    mutating func pointer(count: Int32) -> UnsafeMutablePointer<DependencyEdge> {
        if count > Self.capacityInPlace { return UnsafeMutablePointer(bitPattern: words.0).unsafelyUnwrapped }
        return withUnsafeMutableBytes(of: &words) {
            $0.baseAddress!.bindMemory(to: DependencyEdge.self, capacity: Self.capacityInPlace)
        }
    }

    /// Frees the memory, when every edge has been used.
    mutating func release(count: Int32) {
        if count > Self.capacityInPlace { pointer(count: count).deallocate() }
    }
}

/// The observers of one task: a lock-free stack that is closed, once, when the task ends.
@usableFromInline
struct ObserverList: ~Copyable {
    private static var closed: UInt { 1 }
    private let head = Atomic<UInt>(0)

    /// Adds an edge, unless the task has already ended.
    ///
    /// - Returns: whether the observer will be notified.
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

    /// Closes the list and notifies every observer that `ended` has ended, in the order in which they were added.
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
