extension TaskOption where Kind: RoutableKind {
    /// Makes an option that only one kind of backend understands. Others don't see it.
    ///
    /// - Parameter change: changes what the options before this one said; nil if they said nothing.
    package static func backend<Value: Sendable>(_ change: @escaping @Sendable (Value?) -> Value) -> Self {
        Self { options in
            options.values[Value.self] = change(options.values[Value.self])
        }
    }
}

extension TaskContext {
    /// What the task's options say to the kind of backend that understands this type; nil if they say nothing.
    package func backendOption<Value: Sendable>(_: Value.Type) -> Value? {
        options?.values[Value.self]
    }

    /// What this attempt of the task asks for.
    package var resourceRequest: ResourceRequest {
        guard case .task(let node) = subject else { return options?.resources ?? ResourceRequest() }
        return node.request
    }

    /// How long an attempt may take, if that was said.
    package var timeout: Duration? { options?.policies.timeout }
    /// Whether its `.retry` says how often the task is tried: then a backend tries nothing again by itself.
    package var hasRetries: Bool { options?.policies.retry != nil }
    /// The higher, the earlier.
    package var priorityLevel: Int { options?.policies.priority.level ?? 0 }

    /// The engine's run directory, which exists from now on.
    package func makeRunDirectory() throws -> String { try engineCore.makeRunDirectory() }
}
