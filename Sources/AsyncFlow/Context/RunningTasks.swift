import Synchronization

/// The async bodies that have suspended and not ended yet: those that a cancellation has to interrupt.
///
/// A body that never suspends is never entered here. Split into shards by task number, so that it isn't the one lock
/// that everything goes through.
final class RunningTasks: Sendable {
    /// How a running body is told to stop.
    private struct Entry {
        unowned let node: TaskNode
        let interrupt: @Sendable () -> Void
    }
    private final class Shard: Sendable {
        let entries = Mutex<[UInt64: Entry]>([:])
    }
    private static let shardCount: UInt64 = 16
    private let shards = (0..<shardCount).map { _ in Shard() }

    private func shard(of node: TaskNode) -> Shard { shards[Int(node.number % Self.shardCount)] }

    /// Enters a body, unless it has ended meanwhile; interrupts it if it was cancelled meanwhile.
    func insert(_ node: TaskNode, interrupt: @escaping @Sendable () -> Void) {
        let wasCancelled = shard(of: node).entries.withLock { entries in
            let phase = node.currentPhase
            if !phase.isTerminal { entries[node.number] = Entry(node: node, interrupt: interrupt) }
            return phase == .cancelling
        }
        if wasCancelled { interrupt() }
    }

    func remove(_ node: TaskNode) {
        shard(of: node).entries.withLock { _ = $0.removeValue(forKey: node.number) }
    }

    func interrupt(_ node: TaskNode) {
        shard(of: node).entries.withLock { $0[node.number]?.interrupt }?()
    }

    /// The tasks whose bodies are suspended or running outside the workers now.
    var all: [TaskNode] { shards.flatMap { shard in shard.entries.withLock { $0.values.map(\.node) } } }
}
