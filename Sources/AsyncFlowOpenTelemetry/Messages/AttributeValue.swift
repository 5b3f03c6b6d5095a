import AsyncFlow

/// A value of an attribute in the OpenTelemetry protocol.
enum AttributeValue: Sendable, Hashable {
    case string(String)
    case integer(Int64)
    case number(Double)
    case boolean(Bool)
    case array([AttributeValue])
    case object([String: AttributeValue])
    case empty

    init(_ value: EventValue) {
        switch value {
        case .string(let value): self = .string(value)
        case .integer(let value): self = .integer(Int64(value))
        case .number(let value): self = .number(value)
        case .boolean(let value): self = .boolean(value)
        case .array(let values): self = .array(values.map(AttributeValue.init))
        case .object(let values): self = .object(values.mapValues(AttributeValue.init))
        case .null: self = .empty
        }
    }
}

struct Attribute: Sendable, Hashable {
    let key: String
    let value: AttributeValue

    init(_ key: String, _ value: AttributeValue) {
        self.key = key
        self.value = value
    }

    init(_ key: String, _ value: String) { self.init(key, .string(value)) }
}

/// Fields of `KeyValue`, `AnyValue`, `ArrayValue` and `KeyValueList`.
private enum ValueField {
    static let key = MessageField(1, "key")
    static let value = MessageField(2, "value")
    static let string = MessageField(1, "stringValue")
    static let boolean = MessageField(2, "boolValue")
    static let integer = MessageField(3, "intValue")
    static let number = MessageField(4, "doubleValue")
    static let array = MessageField(5, "arrayValue")
    static let object = MessageField(6, "kvlistValue")
    static let elements = MessageField(1, "values")
}

extension MessageWriter {
    /// Writes the content of an `AnyValue`.
    mutating func value(_ value: AttributeValue) {
        switch value {
        case .string(let value): string(ValueField.string, value)
        case .integer(let value): integer(ValueField.integer, value)
        case .number(let value): number(ValueField.number, value)
        case .boolean(let value): boolean(ValueField.boolean, value)
        case .array(let values):
            message(ValueField.array) { $0.messages(ValueField.elements, values) { $0.value($1) } }
        case .object(let values):
            let sorted = values.sorted { $0.key < $1.key }
            message(ValueField.object) { $0.messages(ValueField.elements, sorted) { $0.pair($1.key, $1.value) } }
        case .empty: break
        }
    }

    /// Writes the content of a `KeyValue`.
    mutating func pair(_ key: String, _ value: AttributeValue) {
        string(ValueField.key, key)
        message(ValueField.value) { $0.value(value) }
    }

    mutating func attributes(_ field: MessageField, _ attributes: [Attribute]) {
        if !attributes.isEmpty { messages(field, attributes) { $0.pair($1.key, $1.value) } }
    }
}
