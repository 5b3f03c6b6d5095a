extension TaskOption {
    /// An option that this module doesn't know: of a backend that is in a module of its own.
    ///
    /// - Parameters:
    ///   - initial: what the options of that type are without any option. There is one value of each type.
    ///   - change: what the option sets.
    package static func extending<Value: Sendable>(
        with initial: Value, _ change: @escaping @Sendable (inout Value) -> Void
    ) -> Self {
        Self { options in
            let key = ObjectIdentifier(Value.self)
            var value = options.extensions[key] as? Value ?? initial
            change(&value)
            options.extensions[key] = value
        }
    }
}

extension TaskContext {
    /// What the task's options say to another module; nil if they don't.
    package func options<Value: Sendable>(_: Value.Type) -> Value? {
        definition.options.extensions[ObjectIdentifier(Value.self)] as? Value
    }

    /// Adds an event of your own to those of the task; see ``WorkflowEngine/record(_:_:)``.
    ///
    /// - Throws: ``CustomEventError`` if a name isn't allowed.
    public func record(_ name: String, _ attributes: [String: EventValue] = [:]) throws(CustomEventError) {
        guard engineCore.isObserved else { return }
        engineCore.emit(try CustomEventContent(name, attributes))
    }
}
