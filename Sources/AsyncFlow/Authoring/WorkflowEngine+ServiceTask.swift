/// A task that starts a service; its value is the service's handle.
public typealias ServiceTask<each Input: Sendable> = WorkflowTask<ServiceKind, ServiceHandle, repeat each Input>

extension WorkflowEngine {
    /// Defines a task that starts a command which keeps running for other tasks to use: a server, a broker, a
    /// simulator.
    ///
    /// A call's future gets its value, a ``ServiceHandle``, as soon as the service is ready; its dependents begin then.
    ///
    /// ```swift
    /// let port = try ServicePort.free()
    /// let redis = flow.serviceTask("redis", ready: .tcp(port: port)) { "redis-server --port \(port) --save ''" }
    /// let ping = flow.executableTask("ping") { (_: ServiceHandle) in "redis-cli -p \(port) ping" }
    /// print(try await ping(redis()).value)
    /// ```
    ///
    /// The service is stopped, by SIGTERM and after the grace period by SIGKILL, when nothing can use it anymore:
    /// when its future, its handle, and all unfinished tasks with one of them among their arguments are gone. It also
    /// ends with the block in which it was called, with the engine, after all tasks, and by ``ServiceHandle/stop()``.
    ///
    /// When a service ends by itself, its dependents fail: tasks that haven't begun fail at once, with a
    /// ``DependencyFailureError``; running ones are interrupted and fail with a ``TaskFailedError``. ``ServiceFailure``
    /// gives the reason. A service keeps the resources that it requested, with `.cores` and the like, as long as it
    /// lives; by default it needs no core. A cancelled or failed start leaves no process behind.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: for example `.cores(2)`, `.gracePeriod(.seconds(30))`. `.retry` and `.timeout` are refused: use
    ///     `restart` and `startupTimeout`.
    ///   - ready: the condition under which the service is ready.
    ///   - startupTimeout: the time within which each start must become ready; one minute by default.
    ///   - restart: whether the service is restarted when it has ended by itself.
    ///   - command: makes the command from the resolved arguments; called once, even if the service is restarted.
    ///     Called in a dry run too, so that the report can show the command line; it should do nothing else. In a dry
    ///     run the handle stands for no process.
    public func serviceTask<each Input: Sendable>(
        _ name: String, _ options: TaskOption<ServiceKind>..., ready: ServiceReadiness,
        startupTimeout: Duration = .seconds(60), restart: ServiceRestart = .never,
        command: @escaping @Sendable (repeat each Input) async throws -> Command
    ) -> ServiceTask<repeat each Input> {
        let settings = ServiceSettings(readiness: ready, startupTimeout: startupTimeout, restart: restart)
        let definition = makeDefinition(name, options + [TaskOption { $0.makeService(with: settings) }])
        let isDryRun = isDryRun
        return WorkflowTask(
            definition,
            .asynchronous { (input: repeat each Input) in
                let node = TaskContext.current!.node
                guard let service = node.service else { preconditionFailure("a service task has no service") }
                let line = try await command(repeat each input)
                try line.validate()
                if isDryRun { return node.dryRun(ServiceHandle(service), detail: line.description) }
                try await node.start(service, line, holding: ServiceArguments((repeat each input)))
                return ServiceHandle(service)
            })
    }
}

/// The arguments that a service was called with.
private struct ServiceArguments<Value>: @unchecked Sendable {  // a tuple of values that are all Sendable
    let value: Value
    init(_ value: Value) { self.value = value }
}

extension TaskNode {
    fileprivate func start(_ service: Service, _ command: Command, holding arguments: any Sendable) async throws {
        // Routing was checked at definition: a task without a suitable backend was refused.
        let slot = definition.backend!
        let backend = slot.backend as! any CommandBackend
        try await slot.ready()
        if !backend.reportsStart { begin() }
        try await service.start(
            ServicePlan(
                command: command, backend: backend, options: definition.options, uses: usedServices,
                arguments: arguments))
    }
}
