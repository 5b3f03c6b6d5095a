/// A service that is ready, as the value of its task's future.
///
/// A service runs as long as something can use it: a future of its task, this handle, or an unfinished task that has
/// one of them among its arguments. When the last of these is gone, it is stopped.
///
/// As an argument of a task, the handle or its future makes the task depend on the service: when the service ends
/// without being asked to, the task is interrupted and fails.
public final class ServiceHandle: Sendable {
    let service: Service

    init(_ service: Service) { self.service = service }

    deinit { service.stop(.unused) }

    /// The id of the service's task.
    public var id: TaskID { service.task.id }
    /// The name of the service's task.
    public var name: String { service.task.name }
    /// The id of the process that is running, or ran last; nil in a dry run, and on backends that don't report it.
    public var processID: Int32? { service.processID }
    /// The current state of the service.
    public var state: ServiceState { service.state }
    /// Whether the service can be used now, as far as is known.
    public var isRunning: Bool { service.state == .ready }
    /// The number of times that it was restarted.
    public var restarts: Int { service.restarts }
    /// The end of its standard output and error, at most 64 KiB, repaired where it isn't UTF-8.
    public var outputTail: String { service.outputTail }

    /// Stops the service, and returns when nothing is left of its process. Tasks that use it fail, except for the one
    /// that calls this. Further calls only wait for the end.
    public func stop() async {
        service.stop(.requested)
        await service.waitUntilGone()
    }

    /// Calls a closure once, when the service has ended for good or, if it already has, at once.
    ///
    /// - Parameter body: receives nil if the service was stopped, otherwise the reason of its failure. It runs on the
    ///   thread that noticed the end, so it must be quick and must not block. It is kept until then: if it captures
    ///   this handle, the service is never unused.
    public func onExit(_ body: @escaping @Sendable (ServiceFailure?) -> Void) { service.onExit(body) }
}

extension ServiceHandle: CustomStringConvertible {
    /// For example `database (task.000001, ready)`.
    public var description: String { "\(name) (\(id), \(state))" }
}

extension ServiceHandle: TaskValue {}
