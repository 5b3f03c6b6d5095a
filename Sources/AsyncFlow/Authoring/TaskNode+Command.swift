extension TaskNode {
    /// Has the backend run a command of this task.
    ///
    /// - Parameters:
    ///   - standardOutput: the file for it, if it is one that the task declares.
    ///   - terms: what the call is given.
    /// - Returns: the standard output, or the path of the file that holds it.
    func execute(
        _ command: Command, standardOutput: String? = nil, _ terms: CallTerms = CallTerms()
    ) async throws -> String {
        var output = CommandOutput.memory
        if definition.options.capturesStdio || standardOutput != nil {
            let path = try engine.makeRunDirectory() + "/\(id)"
            output = .files(standardOutput: standardOutput ?? path + ".stdout", standardError: path + ".stderr")
        }
        // Routing was checked at definition: a task without a backend that can was refused.
        let slot = definition.backend!
        let backend = slot.backend as! any CommandBackend
        try await slot.ready()
        let command = command.adding(terms)
        note { $0.command = command }
        if !backend.reportsStart { begin() }
        engine.files.advice.check(command, of: "\(definition.name) (\(id))")
        let request = request(command, output, terms.traces)
        return text(try await noting { try await backend.execute(request) }, output)
    }

    /// Waits for the command that an interrupted run has started for the same call, if there is one.
    ///
    /// - Returns: its output as ``execute(_:standardOutput:_:)`` returns it, and the directory that it ran in; nil if
    ///   it has to be started.
    /// - Throws: what the command gave; ``CallTerms/refusal`` if it must not be started again.
    func reattach(_ command: Command, _ terms: CallTerms) async throws -> (text: String, directory: String?)? {
        if let traces = terms.traces, let trace = traces.takeEarlier(), let slot = definition.backend,
            slot.name == trace.backend, let backend = slot.backend as? any ReattachingBackend
        {
            try await slot.ready()
            let command = command.adding(terms)
            note { $0.command = command }
            let request = request(command, trace.output, traces, in: trace.directory)
            if let result = try await noting({ try await backend.reattach(trace.ticket, request) }) {
                return (text(result, trace.output), trace.directory)
            }
        }
        if let refusal = terms.refusal { throw refusal }
        return nil
    }

    private func request(
        _ command: Command, _ output: CommandOutput, _ traces: (any CommandTraces)?, in directory: String? = nil
    ) -> CommandRequest {
        let options = definition.options
        var request = CommandRequest(
            command: command.instrumented(in: TaskContext(self)), task: TaskContext(self), resources: request,
            output: output, gracePeriod: options.gracePeriod,
            outputLimit: engine.files.configuration.maximumOutputInMemory,
            tap: OutputTap(self.output ?? OutputHub()))
        request.keeper = traces.map { traces in
            CommandTraceKeeper(
                traces: traces,
                form: CommandTrace(
                    backend: definition.backend!.name, ticket: [], directory: directory ?? workingDirectory,
                    output: output))
        }
        return request
    }

    /// Notes the end of a command for those who watch.
    private func noting<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            let result = try await body()
            if let result = result as? CommandResult { note { $0.end(result) } }
            return result
        } catch {
            note { $0.end(error) }
            throw error
        }
    }

    private func text(_ result: consuming CommandResult, _ output: CommandOutput) -> String {
        if case .files(let path, _) = output { return path }
        engine.files.advice.check(outputOf: result.captured.count, of: "\(definition.name) (\(id))")
        return result.captured.takeText()
    }
}
