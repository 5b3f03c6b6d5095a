import AsyncFlowBase

/// The services that one task uses, from its submission to its end.
final class ServiceUse: TaskAttachment {
    private struct State: @unchecked Sendable {  // the closure is called once, and holds arguments, which are Sendable
        var services: [Service]
        /// Finds all services among the arguments, once all dependencies have values.
        var ofValues: (() -> [Service])?
        var isOver = false
    }
    private let state: Lock<State>

    init(_ services: [Service], ofValues: @escaping () -> [Service]) {
        state = Lock(State(services: services, ofValues: ofValues))
    }

    /// The services that are known so far.
    var services: [Service] { state.withLock { $0.services } }

    func attach(to task: ManagedTaskNode) {
        for service in services { service.attach(task) }
    }

    func refusal(of task: ManagedTaskNode) -> (any WorkflowError)? {
        services.lazy.compactMap { service in
            service.failure.map { task.withdrawal(because: $0, of: service).unrunError }
        }.first
    }

    /// Adds the services among the values of the task's dependencies.
    func dependenciesEnded(of task: ManagedTaskNode) {
        guard let find = state.withLock({ $0.ofValues.take() }) else { return }
        let known = Set(services.map(ObjectIdentifier.init))
        for service in find() where !known.contains(ObjectIdentifier(service)) {
            service.attach(task)
            let isTooLate = state.withLock { state in
                if !state.isOver { state.services.append(service) }
                return state.isOver
            }
            if isTooLate {
                service.detach(task)
            } else if let failure = service.failure {
                task.serviceFailed(failure, of: service)
            }
        }
    }

    /// Holds back a failure that may be due to the end of a service that hasn't been reported yet. The failure is
    /// reported when the end is known.
    func holdsBack(_ error: any Error, of task: ManagedTaskNode) -> Bool {
        services.contains { service in service.whenEndIsKnown { task.fail(error) } }
    }

    func detach(from task: ManagedTaskNode) {
        let (services, find) = state.withLock { state in
            state.isOver = true
            defer { state.services = [] }
            return (state.services, state.ofValues.take())
        }
        for service in services { service.detach(task) }
        _ = find  // what it holds ends outside of the lock
    }
}

extension TaskNode {
    /// Notes that the task uses these services. To be called before it is submitted.
    ///
    /// - Parameter ofValues: finds all services among the arguments, once all dependencies have values.
    func use(_ services: [Service], ofValues: @escaping () -> [Service]) {
        attach(ServiceUse(services, ofValues: ofValues))
    }

    /// The services that the task is known to use.
    var usedServices: [Service] { (attachment as? ServiceUse)?.services ?? [] }
}

extension ManagedTaskNode: ServiceUser {
    func serviceFailed(_ failure: ServiceFailure, of service: Service) {
        withdraw(because: withdrawal(because: failure, of: service))
    }

    fileprivate func withdrawal(because failure: ServiceFailure, of service: Service) -> Withdrawal {
        let task = service.task
        return Withdrawal(
            failure: failure,
            unrunError: DependencyFailureError(
                of: failedTask, because: [.init(name: task.name, id: task.id)], error: failure))
    }
}
