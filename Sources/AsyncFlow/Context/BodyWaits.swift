import AsyncFlowBase
import Synchronization

/// A body's wait for other tasks, entered in its engine's list while it lasts.
class BodyWait: @unchecked Sendable {  // the links belong to the list's lock
    enum Goal {
        case end(of: TaskNode)
        /// The end of a block's members, after its body has ended.
        case members(of: BlockRun)
    }
    /// The task whose body waits; nil for code outside of tasks, which is in no list.
    let task: TaskNode?
    let goal: Goal
    fileprivate unowned(unsafe) var previous: BodyWait?
    fileprivate unowned(unsafe) var next: BodyWait?

    init(_ goal: Goal, by task: TaskNode?) {
        self.goal = goal
        self.task = task
    }

    /// Enters the wait in the list. It must be kept alive until ``leave()`` is called.
    func enter() {
        if let task { task.engine.waits.insert(self, task.number) }
    }

    func leave() {
        if let task { task.engine.waits.remove(self, task.number) }
    }
}

/// The waits of an engine's bodies for tasks, for reporting them when nothing progresses.
///
/// The list links objects that exist anyway, so that a wait costs two short locks, and a body that doesn't wait
/// nothing.
final class BodyWaits: Sendable {
    private struct List: ~Copyable {
        unowned(unsafe) var first: BodyWait?
        var count = 0
    }
    private final class Shard: Sendable {
        let list = Lock(List())
    }
    private static let shardCount: UInt64 = 8
    private let shards = (0..<shardCount).map { _ in Shard() }
    private let isWatched: Atomic<Bool>
    private let startWatch = Lock<(@Sendable () -> Void)?>(nil)

    init() { isWatched = Atomic(true) }

    /// Makes the next wait that finds the list unwatched call `start`.
    func whenUnwatched(_ start: @escaping @Sendable () -> Void) {
        startWatch.withLock { $0 = start }
        isWatched.store(false, ordering: .sequentiallyConsistent)
        if all(atMost: 0) == nil { watch() }  // one that came a moment before
    }

    fileprivate func insert(_ wait: BodyWait, _ number: UInt64) {
        shards[Int(number % Self.shardCount)].list.withLock { list in
            wait.next = list.first
            list.first?.previous = wait
            list.first = wait
            list.count += 1
        }
        if !isWatched.load(ordering: .relaxed) { watch() }
    }

    fileprivate func remove(_ wait: BodyWait, _ number: UInt64) {
        shards[Int(number % Self.shardCount)].list.withLock { list in
            if let previous = wait.previous { previous.next = wait.next } else { list.first = wait.next }
            wait.next?.previous = wait.previous
            list.count -= 1
        }
    }

    private func watch() {
        guard isWatched.compareExchange(expected: false, desired: true, ordering: .sequentiallyConsistent).exchanged
        else { return }
        startWatch.withLock { $0 }?()
    }

    /// Returns all waits.
    ///
    /// - Returns: nil if there are more than `limit`.
    func all(atMost limit: Int) -> [(task: TaskNode, goal: BodyWait.Goal)]? {
        var all: [(task: TaskNode, goal: BodyWait.Goal)] = []
        for shard in shards {
            let isTooMuch = shard.list.withLock { list in
                guard all.count + list.count <= limit else { return true }
                var wait = list.first
                while let current = wait {
                    all.append((current.task!, current.goal))
                    wait = current.next
                }
                return false
            }
            if isTooMuch { return nil }
        }
        return all
    }
}
