import Synchronization

/// A task that has services among its arguments.
extension ManagedTaskNode {
    /// Notes that the task uses a service. Before ``submit(refusal:)``.
    func use(_ service: Service) { run.withLock { $0.services.append(service) } }

    var usedServices: [Service] { run.withLock { $0.services } }

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
