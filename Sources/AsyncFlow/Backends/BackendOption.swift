extension TaskOption where Kind: RoutableKind {
    /// Makes an option that only one kind of backend understands. Other backends don't see it.
    ///
    /// - Parameter change: changes the value that the options before this one set; receives nil if they set none.
    package static func backend<Value: Sendable>(_ change: @escaping @Sendable (Value?) -> Value) -> Self {
        Self { options in
            options.values[Value.self] = change(options.values[Value.self])
        }
    }
}

extension TaskContext {
    /// Returns the task's option for the kind of backend that understands this type; nil if there is none.
    package func backendOption<Value: Sendable>(_: Value.Type) -> Value? {
        options?.values[Value.self]
    }

    /// The resources that this attempt of the task requests.
    package var resourceRequest: ResourceRequest {
        guard case .task(let node) = subject else { return options?.resources ?? ResourceRequest() }
        return node.request
    }

    /// The time limit of an attempt, if there is one.
    package var timeout: Duration? { options?.policies.timeout }
    /// Whether a `.retry` option sets the number of attempts: a backend then retries nothing by itself.
    package var hasRetries: Bool { options?.policies.retry != nil }
    /// The level of the task's priority: the higher, the earlier.
    package var priorityLevel: Int { options?.policies.priority.level ?? 0 }

    /// Returns the path of the engine's run directory, which is created if necessary.
    package func makeRunDirectory() throws -> String { try engineCore.makeRunDirectory() }
}
