import AsyncFlowBase

extension TaskDefinition {
    /// The backend that runs the tasks as functions; nil if the engine's own threads run them.
    var externalFunctionBackend: (any FunctionBackend)? {
        guard kind == .function || kind == .portable, !engine.configuration.dryRun, let backend = backend?.backend
        else { return nil }
        return backend is any EngineRunBackend || (kind == .portable && backend is any PortableBackend)
            ? nil : backend as? any FunctionBackend
    }
}

/// The value of a body that a backend runs, at a time and place that the backend chooses.
private final class BodyValue<Value: Sendable>: Sendable {
    let value = Lock<Value?>(nil)
}

extension TaskBody {
    /// Returns the same body, executed by a backend instead of by the engine's threads.
    func executed(by backend: any FunctionBackend, in slot: BackendSlot) -> TaskBody {
        .asynchronous { (input: repeat each Input) in try await execute(by: backend, in: slot, repeat each input) }
    }

    private func execute(
        by backend: any FunctionBackend, in slot: BackendSlot, _ input: repeat each Input
    ) async throws -> Output {
        let task = TaskContext.current!
        try await slot.ready()
        let output = BodyValue<Output>()
        try await backend.execute(
            {
                let value = try await call(repeat each input)
                output.value.withLock { $0 = value }
            }, for: task)
        guard let value = output.value.withLock({ $0 }) else {
            throw EngineError(
                .backendUnavailable, "backend '\(slot.name)' returned without running the task's body")
        }
        return value
    }
}
