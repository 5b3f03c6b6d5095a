/// Values by type, one for each: properties that features add to a task or an engine without the core knowing them.
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
