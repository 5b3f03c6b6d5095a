import AsyncFlowBase
import Synchronization

extension Service {
    /// Adds a user of the service, which is notified when the service ends.
    func attach(_ user: any ServiceUser) {
        guarded.withLock { state in
            if !state.isGone { state.users[ObjectIdentifier(user)] = user }
        }
    }

    /// Removes a user.
    ///
    /// - Parameter user: one that was attached, or anything else.
    func detach(_ user: AnyObject) {
        let kept = guarded.withLock { $0.users.removeValue(forKey: ObjectIdentifier(user)) }
        _ = kept  // ends outside of the lock
    }

    /// Whether another service uses this one.
    var isUsedByService: Bool { guarded.withLock { $0.users.values.contains { $0 is Service } } }

    // MARK: - Resources

    /// Returns the object that waits in the queue for the service's task, and then keeps its place for the service.
    func turn(of node: ManagedTaskNode) -> any TurnTaker {
        let turn = ServiceTurn(node)
        guarded.withLock { $0.turn = turn }
        return turn
    }

    func noteAllocation(_ allocation: ResourceAllocation?) { guarded.withLock { $0.allocation = allocation } }

    /// Takes over the resources of the task, which has ended, unless the service is already gone.
    ///
    /// - Returns: whether the service will give them back.
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

/// An object that is notified when a service ends: a task that has it among its arguments, or another service.
protocol ServiceUser: AnyObject, Sendable {
    func serviceFailed(_ failure: ServiceFailure, of service: Service)
}
