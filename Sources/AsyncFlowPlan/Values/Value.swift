/// A value of a plan: of a parameter, an expression, or a step.
///
/// Numbers compare by their amount, so that `1` equals `1.0`; otherwise values of different kinds differ.
package enum Value: Sendable {
    case null
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)
    /// The path of a file.
    case file(String)
    /// The path of a directory.
    case directory(String)
    case list([Value])
    case record(Record)
}

/// Values under names, in a fixed order.
package struct Record: Sendable {
    /// The names; records of one kind share them.
    package let names: [String]
    package let values: [Value]

    /// - Precondition: there are as many names as values.
    package init(names: [String], values: [Value]) {
        precondition(names.count == values.count)
        self.names = names
        self.values = values
    }

    package init(_ fields: [(String, Value)]) {
        self.init(names: fields.map(\.0), values: fields.map(\.1))
    }

    package subscript(name: String) -> Value? { names.firstIndex(of: name).map { values[$0] } }
}

extension Value {
    package var isNull: Bool { if case .null = self { true } else { false } }

    /// The elements of a list; nil for anything else.
    package var elements: [Value]? { if case .list(let elements) = self { elements } else { nil } }

    package static func strings(_ texts: [String]) -> Value { .list(texts.map(Value.string)) }

    /// The value as text: what it becomes within a text, and as a word of a command. Nil for null, lists and records.
    package var scalarText: String? {
        switch self {
        case .bool(let flag): flag ? "true" : "false"
        case .int(let number): String(number)
        case .float(let number): number.description
        case .string(let text), .file(let text), .directory(let text): text
        case .null, .list, .record: nil
        }
    }

    /// The kind of value, for messages.
    package var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .int: "int"
        case .float: "float"
        case .string: "string"
        case .file: "file"
        case .directory: "directory"
        case .list: "list"
        case .record: "record"
        }
    }
}

extension Value: Hashable {
    package static func == (a: Value, b: Value) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.float(let a), .float(let b)): a == b
        case (.int(let a), .float(let b)), (.float(let b), .int(let a)): Int(exactly: b) == a
        case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
        case (.file(let a), .file(let b)), (.directory(let a), .directory(let b)): a.utf8.elementsEqual(b.utf8)
        case (.list(let a), .list(let b)): a == b
        case (.record(let a), .record(let b)): a == b
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let flag): hasher.combine(flag)
        case .int(let number): hasher.combine(number)
        case .float(let number):
            if let whole = Int(exactly: number) { hasher.combine(whole) } else { hasher.combine(number) }
        case .string(let text), .file(let text), .directory(let text):
            for byte in text.utf8 { hasher.combine(byte) }
        case .list(let elements): hasher.combine(elements)
        case .record(let record): hasher.combine(record)
        }
    }
}

extension Record: Hashable {
    package static func == (a: Record, b: Record) -> Bool {
        guard a.names.count == b.names.count else { return false }
        if a.names == b.names { return a.values == b.values }
        return zip(a.names, a.values).allSatisfy { name, value in b[name] == value }
    }

    /// Without the order of the fields, which doesn't count.
    package func hash(into hasher: inout Hasher) {
        for (name, value) in zip(names, values).sorted(by: { $0.0 < $1.0 }) {
            hasher.combine(name)
            hasher.combine(value)
        }
    }
}

/// An error in a value, or in what is done with one.
package struct ValueError: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
