import AsyncFlowBase

/// The place of a service's task in the queue for resources, which the service keeps when its task has ended.
final class ServiceTurn: TurnTaker {
    private let waiting: Lock<ManagedTaskNode?>

    let label: String

    init(_ node: ManagedTaskNode) {
        waiting = Lock(node)
        label = "service \(node.label)"
    }

    var node: ManagedTaskNode? { waiting.withLock { $0 } }

    var outlivesTask: Bool { node == nil }

    func turnHasCome(_ attempt: Int, _ allocation: ResourceAllocation?, _ waitCause: WaitCause?) -> Bool {
        guard let node else { return false }
        node.service?.noteAllocation(allocation)
        return node.turnHasCome(attempt, allocation, waitCause)
    }

    func turnWasDeclined() { node?.turnWasDeclined() }

    func turnNeverComes(_ attempt: Int, _ reason: String) { node?.turnNeverComes(attempt, reason) }

    /// Makes the turn that of the service alone.
    func letGo() {
        let node = waiting.withLock { $0.take() }
        _ = node  // ends outside of the lock
    }
}
