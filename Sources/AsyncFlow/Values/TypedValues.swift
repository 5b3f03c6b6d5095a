/// Values of which there is one for each type: what features say of a task or an engine without the core knowing them.
struct TypedValues: Sendable {
    private var values: [ObjectIdentifier: any Sendable] = [:]

    /// The value of a type, if there is one.
    subscript<Value: Sendable>(_: Value.Type) -> Value? {
        get { values.isEmpty ? nil : values[ObjectIdentifier(Value.self)] as? Value }
        set { values[ObjectIdentifier(Value.self)] = newValue }
    }

    var isEmpty: Bool { values.isEmpty }

    /// All values, in no order.
    var all: some Collection<any Sendable> { values.values }
}
