import AsyncFlowBase

extension TaskContext {
    private var managedNode: ManagedTaskNode? {
        guard case .task(let node) = subject, node.definition.isManaged else { return nil }
        return node as? ManagedTaskNode
    }

    /// Whether the body runs before its turn, only to find out whether its outcome is known.
    package var isRecalling: Bool { managedNode?.isRecalling ?? false }

    /// What the engine's memory keeps of the call from one attempt to the next.
    package var recollection: (any AnyObject & Sendable)? { managedNode?.run.withLock { $0.recollection } }

    /// Keeps something of the call for its later attempts, if it can have some.
    package func keep(_ recollection: @autoclosure () -> any AnyObject & Sendable) {
        guard let node = managedNode else { return }
        let kept = recollection()
        node.run.withLock { $0.recollection = kept }
    }

    /// Counts attempts that failed in an earlier run.
    package func countEarlierAttempts(_ count: Int) {
        managedNode?.run.withLock { $0.life.countEarlierAttempts(count) }
    }

    /// Says that the task has the value of an earlier run.
    ///
    /// - Parameter explanation: which recorded call the value is of.
    package func reportReuse(_ explanation: @autoclosure () -> String) {
        guard case .task(let node) = subject, node.engine.isObserved else { return }
        node.emit(.taskReused, .reused(explanation: explanation()))
    }

    /// The blocks that the task is a member of, the innermost first.
    package var enclosingBlocks: [(number: UInt64, name: String)] {
        guard case .task(let node) = subject, let innermost = node.membership?.block else { return [] }
        return sequence(first: innermost) { $0.task.membership?.block }.map {
            ($0.taskID.number, $0.task.definition.name)
        }
    }
}
