import AsyncFlowBase

/// The services of an engine that haven't ended.
final class ServiceRegistry: EnginePart {
    private let services = Lock<[ObjectIdentifier: Service]>([:])

    func insert(_ service: Service) { services.withLock { $0[ObjectIdentifier(service)] = service } }
    func remove(_ service: Service) { services.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(service)) } }
    private var all: [Service] { services.withLock { Array($0.values) } }

    /// Stops all services at once, because the engine doesn't wait for their users.
    func interrupt() {
        for service in all { service.stop(.engineShutDown) }
    }

    /// Stops all services, which nothing uses anymore, and returns when nothing is left of them. Services that no
    /// other one uses are stopped first.
    func tasksEnded() async {
        while case let all = all, !all.isEmpty {
            let unused = all.filter { !$0.isUsedByService }
            for service in unused.isEmpty ? all : unused { service.stop(.engineShutDown) }
            for service in unused.isEmpty ? all : unused { await service.waitUntilGone() }
        }
    }
}

extension EngineCore {
    var services: ServiceRegistry { ownPart(ServiceRegistry.self) }
}
