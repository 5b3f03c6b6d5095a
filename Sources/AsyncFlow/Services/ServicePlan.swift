import Synchronization

/// What a service is started with, each time anew.
struct ServicePlan: Sendable {
    let command: Command
    let backend: any CommandBackend
    let options: TaskOptions
    /// The services among its arguments.
    let uses: [Service]
    /// Its arguments: what they hold, another service for example, lives as long as this one.
    let arguments: any Sendable

    func request(_ task: TaskContext, _ watcher: CommandWatcher) -> CommandRequest {
        CommandRequest(
            command: command, task: task, resources: options.resources, output: .memory,
            gracePeriod: options.gracePeriod, watcher: watcher)
    }
}

/// The place of a service's task in the queue for resources, which the service keeps when its task has ended.
final class ServiceTurn: TurnTaker {
    private let waiting: Mutex<ManagedTaskNode?>

    init(_ node: ManagedTaskNode) { waiting = Mutex(node) }

    var node: ManagedTaskNode? { waiting.withLock { $0 } }

    func turnHasCome(_ allocation: ResourceAllocation?) {
        let node = node
        node?.service?.noteAllocation(allocation)
        node?.turnHasCome(allocation)
    }

    func turnNeverComes(_ reason: String) { node?.turnNeverComes(reason) }

    /// From here on it stands for the service alone.
    func letGo() {
        let node = waiting.withLock { $0.take() }
        _ = node  // ends outside of the lock
    }
}

/// The services of an engine that haven't ended.
final class ServiceRegistry: Sendable {
    private let services = Mutex<[ObjectIdentifier: Service]>([:])

    func insert(_ service: Service) { services.withLock { $0[ObjectIdentifier(service)] = service } }
    func remove(_ service: Service) { services.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(service)) } }
    private var all: [Service] { services.withLock { Array($0.values) } }

    /// Stops all of them at once, because the engine doesn't wait for those who use them.
    func stopAll() {
        for service in all { service.stop(.engineShutDown) }
    }

    /// Stops all of them, those first that no other one uses, and returns when nothing is left of them.
    func stopAllAndWait() async {
        while case let all = all, !all.isEmpty {
            let unused = all.filter { !$0.isUsedByService }
            for service in unused.isEmpty ? all : unused { service.stop(.engineShutDown) }
            for service in unused.isEmpty ? all : unused { await service.waitUntilGone() }
        }
    }
}
