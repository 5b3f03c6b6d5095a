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

/// An entry in a task's list of observers. Edges of one observer are allocated together, and freed by the observer when
/// the last of them was used.
@usableFromInline
struct DependencyEdge {
    fileprivate(set) var next: UnsafeMutablePointer<DependencyEdge>?
    /// Not retained: an observer stays alive until all its edges were used.
    unowned(unsafe) let observer: TaskObserver
    /// Not retained: the observer holds what it depends on until it starts or ends.
    unowned(unsafe) let dependency: TaskNode

    init(from observer: TaskObserver, to dependency: TaskNode) {
        self.observer = observer
        self.dependency = dependency
    }
}

/// Room for the edges of a task with few dependencies within the node itself: most tasks then need no further memory.
struct FewEdges {
    static let capacity = 2
    private var words: (UInt, UInt, UInt, UInt, UInt, UInt) = (0, 0, 0, 0, 0, 0)

    /// - Parameter edges: a stored property of an object; the pointer is good for as long as the object lives, because
    ///   stored properties of objects don't move.
    static func pointer(to edges: inout FewEdges) -> UnsafeMutablePointer<DependencyEdge> {
        assert(MemoryLayout<DependencyEdge>.stride * capacity <= MemoryLayout<FewEdges>.size)
        return withUnsafeMutableBytes(of: &edges) {
            $0.baseAddress!.bindMemory(to: DependencyEdge.self, capacity: capacity)
        }
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
            current.pointee.observer.dependencyEnded(ended, ready: &batch)
        }
    }
}
