import AsyncFlowBase
import Synchronization

extension Service {
    /// Somebody uses the service from now on, and is told when it ends.
    func attach(_ user: any ServiceUser) {
        guarded.withLock { state in
            if !state.isGone { state.users[ObjectIdentifier(user)] = user }
        }
    }

    /// - Parameter user: one that was attached, or anything else.
    func detach(_ user: AnyObject) {
        let kept = guarded.withLock { $0.users.removeValue(forKey: ObjectIdentifier(user)) }
        _ = kept  // ends outside of the lock
    }

    /// Whether another service needs this one.
    var isUsedByService: Bool { guarded.withLock { $0.users.values.contains { $0 is Service } } }

    // MARK: - Resources

    /// Returns what waits in the queue for the task of the service, and then keeps its place for the service.
    func turn(of node: ManagedTaskNode) -> any TurnTaker {
        let turn = ServiceTurn(node)
        guarded.withLock { $0.turn = turn }
        return turn
    }

    func noteAllocation(_ allocation: ResourceAllocation?) { guarded.withLock { $0.allocation = allocation } }

    /// The task has ended and leaves what it has to the service, unless that is gone already.
    ///
    /// - Returns: whether the service gives it back.
    func keepTurn(in scheduler: ResourceScheduler?) -> Bool {
        let (turn, keeps) = guarded.withLock { state in
            if !state.isGone { state.scheduler = scheduler }
            return (state.turn.take(), !state.isGone)
        }
        turn?.letGo()
        return keeps
    }
}

extension Service: TurnKeeper, ServiceUser {
    func serviceFailed(_ failure: ServiceFailure, of service: Service) {
        guarded.withLock { if $0.error == nil { $0.error = failure } }
        advance { machine, _ in machine.stop(.dependencyFailed) }
    }
}

/// Who is told when a service ends: a task that has it among its arguments, or another service.
protocol ServiceUser: AnyObject, Sendable {
    func serviceFailed(_ failure: ServiceFailure, of service: Service)
}
