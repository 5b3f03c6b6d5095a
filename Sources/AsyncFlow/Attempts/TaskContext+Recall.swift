import AsyncFlowBase

extension TaskContext {
    private var managedNode: ManagedTaskNode? {
        guard case .task(let node) = subject, node.definition.isManaged else { return nil }
        return node as? ManagedTaskNode
    }

    /// Whether the body runs before its turn, only to look up its outcome.
    package var isRecalling: Bool { managedNode?.isRecalling ?? false }

    /// The object that the engine's memory keeps for the call from one attempt to the next.
    package var recollection: (any AnyObject & Sendable)? { managedNode?.run.withLock { $0.recollection } }

    /// Keeps an object for the call's later attempts, if it can have any.
    package func keep(_ recollection: @autoclosure () -> any AnyObject & Sendable) {
        guard let node = managedNode else { return }
        let kept = recollection()
        node.run.withLock { $0.recollection = kept }
    }

    /// Counts attempts that failed in an earlier run.
    package func countEarlierAttempts(_ count: Int) {
        managedNode?.run.withLock { $0.life.countEarlierAttempts(count) }
    }

    /// Reports that the task got the value of an earlier run.
    ///
    /// - Parameter explanation: the description of the recorded call whose value it is.
    package func reportReuse(_ explanation: @autoclosure () -> String) {
        guard case .task(let node) = subject, node.engine.isObserved else { return }
        node.emit(.taskReused, .reused(explanation: explanation()))
    }

    /// The blocks that the task belongs to, the innermost first.
    package var enclosingBlocks: [(number: UInt64, name: String)] {
        guard case .task(let node) = subject, let innermost = node.membership?.block else { return [] }
        return sequence(first: innermost) { $0.task.membership?.block }.map {
            ($0.taskID.number, $0.task.definition.name)
        }
    }
}
