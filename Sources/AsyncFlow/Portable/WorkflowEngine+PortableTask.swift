extension WorkflowEngine {
    /// Defines a task that runs a portable function, here or on a backend that sends it to other processes.
    ///
    /// ```swift
    /// let simulate = flow.portableTask(Tasks.simulate, .on("pool"), .retry(2, on: .workerLost))
    /// ```
    ///
    /// - Parameters:
    ///   - task: the function.
    ///   - options: for example `.on("pool")`. Without it the task runs on the engine's first backend that can.
    ///   - dryRunValue: stands for the output in a dry run; needed only where the type has no ``DryRunValue``.
    public func portableTask<each Input: Codable & Sendable, Output: Codable & Sendable>(
        _ task: PortableTask<Output, repeat each Input>, _ options: TaskOption<PortableKind>...,
        dryRunValue: Output? = nil
    ) -> PortableFunctionTask<Output, repeat each Input> {
        if isDryRun {
            return makeDryRunTask(
                task.name, options, value: dryRunValue ?? AsyncFlow.dryRunValue(for: Output.self))
        }
        return WorkflowTask(makeDefinition(task.name, options), task.portableBody)
    }
}

/// Which backend runs a portable task in another process.
struct PortableRoute: Sendable {
    let slot: BackendSlot
    let backend: any PortableBackend
    let gracePeriod: Duration
}

extension TaskDefinition {
    /// Where the tasks go that aren't run in this process; nil if they are.
    var portableRoute: PortableRoute? {
        guard kind == .portable, !engine.configuration.dryRun, let backend,
            let portable = backend.backend as? any PortableBackend
        else { return nil }
        return PortableRoute(slot: backend, backend: portable, gracePeriod: options.gracePeriod)
    }
}

extension TaskBody {
    /// The same body, run by a backend in another process.
    func executed(remotely route: PortableRoute) -> TaskBody {
        guard let remote else { return self }
        var body = TaskBody.asynchronous { (input: repeat each Input) in try await remote(route, repeat each input) }
        body.remote = remote
        return body
    }
}

extension PortableTask {
    /// Its function, and the way to run it elsewhere.
    fileprivate var portableBody: TaskBody<Output, repeat each Input> {
        var body = body
        let signature = signature
        body.remote = { (route: PortableRoute, input: repeat each Input) in
            try await execute(by: route, signature, repeat each input)
        }
        return body
    }

    private func execute(
        by route: PortableRoute, _ signature: String, _ input: repeat each Input
    ) async throws -> Output {
        let task = TaskContext.current!
        try await route.slot.ready()
        var encoder = PortableEncoder(of: signature)
        repeat try encoder.append(each input)
        let call = PortableCall(
            portableName: name, signature: signature, input: encoder.bytes, task: task,
            environment: task.portableEnvironment, gracePeriod: route.gracePeriod)
        do {
            let result = try await route.backend.execute(call)
            var decoder = PortableDecoder(result.output, of: signature)
            let output = try decoder.next(Output.self)
            try decoder.finish()
            return output
        } catch let error as RemoteTaskError {
            guard let bytes = error.encoded, let own = decodedError(bytes) else { throw error }
            throw own
        }
    }
}

extension TaskContext {
    /// What a body in another process is told of what the task got and of its trace.
    fileprivate var portableEnvironment: [String: String] {
        let instrument = engineCore.instrument.current?.environment(of: self) ?? [:]
        guard let resources else { return instrument }
        return resources.environment.merging(instrument) { got, _ in got }
    }
}
