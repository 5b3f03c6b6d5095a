import AsyncFlowBase

/// The running tasks that have to be interrupted when they are cancelled: those whose async body has suspended, those
/// that a backend has, and those that wait for another engine's tasks.
///
/// A body that never suspends is never entered here. The tasks are spread over several shards by number, so that they
/// don't all contend for one lock.
final class RunningTasks: Sendable {
    /// A running body, with the closure that interrupts it.
    private struct Entry {
        unowned let node: TaskNode
        let interrupt: @Sendable () -> Void
    }
    private final class Shard: Sendable {
        let entries = Lock<[UInt64: Entry]>([:])
    }
    private static let shardCount: UInt64 = 16
    private let shards = (0..<shardCount).map { _ in Shard() }

    private func shard(of node: TaskNode) -> Shard { shards[Int(node.number % Self.shardCount)] }

    /// Enters a task unless it has ended in the meantime; interrupts it if it was cancelled, or its engine stopped, in
    /// the meantime.
    func insert(_ node: TaskNode, interrupt: @escaping @Sendable () -> Void) {
        let isTooLate = shard(of: node).entries.withLock { entries in
            let phase = node.currentPhase
            if !phase.isTerminal { entries[node.number] = Entry(node: node, interrupt: interrupt) }
            return phase == .cancelling || node.engine.isInterrupting
        }
        if isTooLate { interrupt() }
    }

    func remove(_ node: TaskNode) {
        shard(of: node).entries.withLock { _ = $0.removeValue(forKey: node.number) }
    }

    func interrupt(_ node: TaskNode) {
        shard(of: node).entries.withLock { $0[node.number]?.interrupt }?()
    }

    /// All tasks that are entered at present.
    var all: [TaskNode] { shards.flatMap { shard in shard.entries.withLock { $0.values.map(\.node) } } }
}
