extension TaskOption where Kind: RoutableKind {
    /// Makes an option that only one kind of backend understands. Others don't see it.
    ///
    /// - Parameter change: changes what the options before this one said; nil if they said nothing.
    package static func backend<Value: Sendable>(_ change: @escaping @Sendable (Value?) -> Value) -> Self {
        Self { options in
            let key = ObjectIdentifier(Value.self)
            options.backendOptions[key] = change(options.backendOptions[key] as? Value)
        }
    }
}

extension TaskContext {
    /// What the task's options say to the kind of backend that understands this type; nil if they say nothing.
    package func backendOption<Value: Sendable>(_: Value.Type) -> Value? {
        options?.backendOptions[ObjectIdentifier(Value.self)] as? Value
    }

    /// What this attempt of the task asks for.
    package var resourceRequest: ResourceRequest {
        guard case .task(let node) = subject else { return options?.resources ?? ResourceRequest() }
        return (node as? ManagedTaskNode)?.request ?? node.definition.options.resources
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

/// A backend that can say what it would do with a command. A dry run asks it, and nothing else.
package protocol DryRunnableBackend: CommandBackend {
    /// What stands in the report of a dry run instead of the command alone.
    func dryRunDetail(of command: Command, resources: ResourceRequest, for task: TaskContext) -> String
}

extension TaskNode {
    /// What a dry run says of a command of this task.
    func dryRunDetail(of command: Command) -> String {
        guard let backend = definition.backend?.backend as? any DryRunnableBackend else { return command.description }
        let request = (self as? ManagedTaskNode)?.request ?? definition.options.resources
        return backend.dryRunDetail(of: command, resources: request, for: TaskContext(self))
    }
}
