import AsyncFlowBase
import Synchronization

/// A task that has services among its arguments.
extension ManagedTaskNode {
    /// Notes that the task uses these services. Before ``submit(refusal:)``.
    ///
    /// - Parameter ofValues: finds all services among the arguments, once all dependencies have values.
    func use(_ services: [Service], ofValues: @escaping () -> [Service]) {
        run.withLock { run in
            run.services = services
            run.servicesOfValues = ofValues
        }
    }

    var usedServices: [Service] { run.withLock { $0.services } }

    /// All dependencies have values: the task uses the services among them, too.
    func attachToServicesOfValues() {
        guard definition.usesServices, let find = run.withLock({ $0.servicesOfValues.take() }) else { return }
        let known = Set(usedServices.map(ObjectIdentifier.init))
        for service in find() where !known.contains(ObjectIdentifier(service)) {
            run.withLock { $0.services.append(service) }
            service.attach(self)
            if let failure = service.failure { serviceFailed(failure, of: service) }
        }
        // Whoever ended the task meanwhile didn't know of these.
        guard currentPhase.isTerminal else { return }
        for service in run.withLock({ $0.services }) { service.detach(self) }
    }

    /// A service that the task uses has ended: the task fails, at once if its body hasn't begun, and else when that has
    /// stopped. A value that the body returns nevertheless counts.
    func serviceFailed(_ failure: ServiceFailure, of service: Service) {
        if engine.isInterrupting { return }
        let isFirst = run.withLock { run in
            guard run.stage != .over, run.serviceFailure == nil else { return false }
            run.serviceFailure = (failure, service)
            return true
        }
        guard isFirst else { return }
        giveUp(because: failure, of: service)
        if run.withLock({ $0.stage == .attempting }) { interruptBody() }
    }

    /// A body has failed: maybe because a service that it uses has died, which nobody was told of yet. Then the failure is
    /// told when that is known.
    func waitsForEndOfService(before error: any Error) -> Bool {
        let services = run.withLock { $0.stage == .attempting && $0.serviceFailure == nil ? $0.services : [] }
        return services.contains { service in service.whenEndIsKnown { self.fail(error) } }
    }

    func giveUp(because failure: ServiceFailure, of service: Service) {
        let endsUnrun = run.withLock { run in
            guard run.stage != .telling, step({ $0.giveUp(as: .failed) }) == .end else { return false }
            return true
        }
        if endsUnrun { endUnrun(DependencyFailureError(of: self, because: failure, of: service.task)) }
    }

    /// Why the task can't run, if a service that it uses had ended before it was called.
    var serviceRefusal: DependencyFailureError? {
        for service in usedServices {
            if let failure = service.failure {
                return DependencyFailureError(of: self, because: failure, of: service.task)
            }
        }
        return nil
    }
}
