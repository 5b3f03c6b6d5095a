extension PortableTask {
    /// Creates a portable task for a function of another language.
    ///
    /// - Parameters:
    ///   - name: the name, for events and messages.
    ///   - signature: the name with the types, for messages.
    ///   - function: the function itself.
    ///   - error: converts an error that was thrown there to one of this program, if possible.
    package init(
        _ name: String, signature: String, calling function: ForeignFunction,
        error: @escaping @Sendable (RemoteTaskError) -> (any Error)?
    ) {
        self.name = name
        self.signature = signature
        body = .asynchronous { (_: repeat each Input) in
            throw EngineError(
                .unsupportedByBackend, "\(signature) is a \(function.language) function and can't run in this process")
        }
        foreign = function
        foreignError = error
    }
}

extension PortableTask {
    /// Calls the function without an engine: for a backend that queries its workers.
    ///
    /// - Throws: The error of the call; ``PortableCodingError`` if the answer is malformed.
    package func call(_ input: repeat each Input, on backend: some PortableBackend) async throws -> Output {
        var encoder = PortableEncoder(of: signature)
        repeat try encoder.append(each input)
        let task = RemoteTask(
            taskID: TaskID(engine: 0, number: 0), taskName: name, engineID: backend.name, workflowID: nil, attempt: 1,
            environment: [:], send: { _ in })
        let call = PortableCall(
            portableName: name, signature: signature, input: encoder.bytes, task: TaskContext(of: task),
            environment: [:], gracePeriod: .seconds(10), foreign: foreign)
        let result = try await backend.execute(call)
        var decoder = PortableDecoder(result.content, of: signature)
        return try decoder.next(Output.self)
    }
}
