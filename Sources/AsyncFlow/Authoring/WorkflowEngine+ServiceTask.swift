/// A task that starts a service; its value is the handle of it.
public typealias ServiceTask<each Input: Sendable> = WorkflowTask<ServiceKind, ServiceHandle, repeat each Input>

extension WorkflowEngine {
    /// Defines a task that starts a command which runs on, to be used by other tasks: a server, a broker, a simulator.
    ///
    /// A call's future has a value, a ``ServiceHandle``, as soon as the service is ready; what depends on it begins
    /// then.
    ///
    /// ```swift
    /// let port = try ServicePort.free()
    /// let redis = flow.serviceTask("redis", ready: .tcp(port: port)) { "redis-server --port \(port) --save ''" }
    /// let ping = flow.executableTask("ping") { (_: ServiceHandle) in "redis-cli -p \(port) ping" }
    /// print(try await ping(redis()).value)
    /// ```
    ///
    /// The service is stopped, by SIGTERM and after the grace period by SIGKILL, when the last one who could use it is
    /// gone: its future, its handle, and tasks that have one of them among their arguments and haven't ended. It also
    /// ends with the block that it was called in, and with the engine, after all tasks; and by
    /// ``ServiceHandle/stop()``.
    ///
    /// A service that ends by itself fails what depends on it: tasks that haven't begun at once, with a
    /// ``DependencyFailureError``; running ones are interrupted and fail with a ``TaskFailedError``; ``ServiceFailure``
    /// says why. What the service was given with `.cores` and the like it keeps as long as it lives; it needs no core
    /// if nothing is said. A cancelled or failed start leaves no process behind.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: for example `.cores(2)`, `.gracePeriod(.seconds(30))`. `.retry` and `.timeout` are refused: see
    ///     below.
    ///   - ready: how it is found out that the service is ready.
    ///   - startupTimeout: how long each start may take until it is ready; one minute by default.
    ///   - restart: whether the service is started again when it has ended by itself.
    ///   - command: makes the command from the resolved arguments; once, also for restarts. Called in a dry run too, so
    ///     that the report can show the command line; it should do nothing else. In a dry run the handle stands for no
    ///     process.
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

/// What a service was called with.
private struct ServiceArguments<Value>: @unchecked Sendable {  // a tuple of values that are all Sendable
    let value: Value
    init(_ value: Value) { self.value = value }
}

extension TaskNode {
    fileprivate func start(_ service: Service, _ command: Command, holding arguments: any Sendable) async throws {
        // Routing was checked at definition: a task without a backend that can was refused.
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
