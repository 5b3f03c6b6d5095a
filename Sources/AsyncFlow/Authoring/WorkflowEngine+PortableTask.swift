extension WorkflowEngine {
    /// Defines a task that runs a portable function, in this process or on a backend that sends it to other processes.
    ///
    /// ```swift
    /// let simulate = flow.portableTask(Tasks.simulate, .on("pool"), .retry(2, on: .workerLost))
    /// ```
    ///
    /// - Parameters:
    ///   - task: the function.
    ///   - options: for example `.on("pool")`. Without it, the task runs on the engine's first backend that can run it.
    ///   - dryRunValue: stands in for the output in a dry run; needed only where the type has no ``DryRunValue``.
    public func portableTask<each Input: Codable & Sendable, Output: Codable & Sendable>(
        _ task: PortableTask<Output, repeat each Input>, _ options: TaskOption<PortableKind>...,
        dryRunValue: Output? = nil
    ) -> PortableFunctionTask<Output, repeat each Input> {
        portableTask(task, options, dryRunValue: dryRunValue)
    }

    /// Defines a task that runs a portable function, with the options as a list.
    package func portableTask<each Input: Codable & Sendable, Output: Codable & Sendable>(
        _ task: PortableTask<Output, repeat each Input>, _ options: [TaskOption<PortableKind>],
        dryRunValue: Output? = nil
    ) -> PortableFunctionTask<Output, repeat each Input> {
        if isDryRun {
            return makeDryRunTask(
                task.name, options, value: dryRunValue ?? AsyncFlow.dryRunValue(for: Output.self))
        }
        let language = task.foreign.map { [TaskOption<PortableKind>.language($0.language)] } ?? []
        let definition = makeDefinition(task.name, language + options)
        var body = task.portableBody
        if let memory = core.memory as? any PortableMemory {
            // For a function of another language, its arguments and its source are part of its name.
            let name = task.foreign.map { "\(task.name) (\($0.language) \($0.digest))" } ?? task.name
            body.wrapper = { memory.remembering($0, named: name, options: $1) }
        }
        return WorkflowTask(definition, body)
    }
}

extension TaskDefinition {
    /// The route to the backend that runs the tasks in another process; nil if they run in this one.
    var portableRoute: PortableRoute? {
        guard kind == .portable, !engine.configuration.dryRun, let backend,
            let portable = backend.backend as? any PortableBackend
        else { return nil }
        return PortableRoute(slot: backend, backend: portable, gracePeriod: options.gracePeriod)
    }
}

extension PortableTask {
    /// The task's function, with the way to run it in another process.
    fileprivate var portableBody: TaskBody<Output, repeat each Input> {
        var body = body
        body.remote = { route in
            var remote = TaskBody.asynchronous { (input: repeat each Input) in
                try await execute(by: route, repeat each input)
            }
            if let receiver = route.backend as? any PortableReceiver {
                remote.setHandOver { (node: TaskNode, input: repeat each Input) in
                    handOver(node, to: receiver, by: route, repeat each input)
                }
            }
            return remote
        }
        return body
    }

    private func execute(by route: PortableRoute, _ input: repeat each Input) async throws -> Output {
        let task = TaskContext.current!
        try await route.slot.ready()
        let call = try call(of: task, by: route, repeat each input)
        do { return try output(of: try await route.backend.execute(call)) } catch { throw own(error) }
    }

    /// Hands the task to the backend, which ends it; no Swift task waits for that.
    private func handOver(
        _ node: TaskNode, to receiver: any PortableReceiver, by route: PortableRoute, _ input: repeat each Input
    ) {
        do {
            let call = try call(of: TaskContext(node), by: route, repeat each input)
            if route.slot.isReady {
                begin(call, of: node, with: receiver)
            } else {
                wait(until: route.slot, for: node) { begin(call, of: node, with: receiver) }
            }
        } catch {
            node.fail(error)
        }
    }

    private func begin(_ call: PortableCall, of node: TaskNode, with receiver: any PortableReceiver) {
        let number = receiver.begin(call) { result in
            // Decoding a large value, or one with a custom decoder, would occupy the backend's thread.
            if case .success(let value) = result, value.content.count > Self.smallOutput {
                Task.detached(executorPreference: node.engine.pool) { end(node, with: result) }
            } else {
                end(node, with: result)
            }
        }
        node.engine.running.insert(node) { receiver.cancel(number) }
    }

    private func end(_ node: TaskNode, with result: Result<PortableResult, any Error>) {
        do { node.succeed(try output(of: result.get())) } catch { node.fail(own(error)) }
        node.engine.running.remove(node)
    }

    /// The size, in bytes, up to which an output is decoded on the backend's thread.
    private static var smallOutput: Int { 4096 }

    private func wait(until slot: BackendSlot, for node: TaskNode, _ then: @escaping @Sendable () -> Void) {
        let waiting = Task.detached {
            do {
                try await slot.ready()
                node.engine.running.remove(node)
                then()
            } catch {
                node.fail(error)
                node.engine.running.remove(node)
            }
        }
        node.engine.running.insert(node) { waiting.cancel() }
    }

    private func call(
        of task: TaskContext, by route: PortableRoute, _ input: repeat each Input
    ) throws -> PortableCall {
        var encoder = PortableEncoder(of: signature)
        repeat try encoder.append(each input)
        return PortableCall(
            portableName: name, signature: signature, input: encoder.bytes, task: task,
            environment: task.portableEnvironment, gracePeriod: route.gracePeriod, foreign: foreign)
    }

    private func output(of result: PortableResult) throws -> Output {
        var decoder = PortableDecoder(result.content, of: signature)
        let output = try decoder.next(Output.self)
        try decoder.finish()
        return output
    }

    /// Returns the error that the function itself threw, if its type can be decoded.
    private func own(_ error: any Error) -> any Error {
        guard let error = error as? RemoteTaskError, let bytes = error.encoded else { return error }
        if let foreignError { return foreignError(error) ?? error }
        return decodedError(bytes) ?? error
    }
}

extension TaskContext {
    /// The environment by which a body in another process learns of its task's resources and trace.
    fileprivate var portableEnvironment: [String: String] {
        let instrument = engineCore.instrument.current?.environment(of: self) ?? [:]
        guard let resources else { return instrument }
        return resources.environment.merging(instrument) { got, _ in got }
    }
}
