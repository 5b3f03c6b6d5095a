import AsyncFlowBase

/// The view of a service that the backend which runs its command gets. It doesn't keep its task alive, because the
/// task's life shows whether anybody can use the service.
extension Service {
    var localDefinition: TaskDefinition? { definition }
    var taskID: TaskID { task.id }
    var taskName: String { definition.name }
    var engineID: String { engine.id }
    var workflowID: String? { membership?.workflowID }
    var blockID: TaskID? { task.blockID }
    var attempt: Int { run }
    var isCancelled: Bool { state == .stopping }
    func reportStarted(ago: Duration) { guarded.withLock { $0.turn }?.node?.begin(ago: ago) }
}

extension Service: BlockResident {
    func endWithBlock() async {
        stop(.blockEnded)
        await waitUntilGone()
    }
}

extension Service {
    /// - Parameter failure: the reason why the service ended or is restarted, if that wasn't wanted.
    func emit(_ type: EventType, _ run: Int, _ failure: ServiceFailure? = nil) {
        let events = engine.events
        guard events.isFullyObserved || (events.isObserved && failure != nil) else { return }
        events.emit(
            WorkflowEvent(
                type, of: .task(number, definition, membership), attempt: run, details: failure.map { .ended($0) }))
    }
}
