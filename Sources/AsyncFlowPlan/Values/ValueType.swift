/// The type of a value, as far as it is known before anything runs.
package indirect enum ValueType: Sendable, Hashable {
    case string
    case int
    case float
    case bool
    case file
    case directory
    /// Anything, known only when the value is there.
    case json
    case null
    /// No value at all: the elements of `[]`.
    case never
    case list(ValueType)
    case optional(ValueType)
    case record([Field])
    case enumeration([String])

    package struct Field: Sendable, Hashable {
        package var name: String
        package var type: ValueType

        package init(_ name: String, _ type: ValueType) {
            self.name = name
            self.type = type
        }
    }

    /// The type, or null.
    package var orNull: ValueType {
        switch self {
        case .optional, .null, .json: self
        case .never: .null
        default: .optional(self)
        }
    }

    /// The type without null.
    package var withoutNull: ValueType {
        switch self {
        case .optional(let type): type
        case .null: .never
        default: self
        }
    }

    /// Whether a value of it may be null, as far as is known.
    package var mayBeNull: Bool {
        switch self {
        case .optional, .null: true
        default: false
        }
    }

    package var isNumber: Bool { self == .int || self == .float }

    package var isText: Bool {
        switch self {
        case .string, .enumeration: true
        default: false
        }
    }

    /// Whether it has files in it that a task has to be given.
    package var hasFiles: Bool {
        switch self {
        case .file, .directory: true
        case .list(let type), .optional(let type): type.hasFiles
        case .record(let fields): fields.contains { $0.type.hasFiles }
        case .string, .int, .float, .bool, .json, .null, .never, .enumeration: false
        }
    }

    /// The nearest type that values of both have.
    package func joined(_ other: ValueType) -> ValueType {
        if self == other { return self }
        switch (self, other) {
        case (.never, let type), (let type, .never): return type
        case (.null, let type), (let type, .null): return type.orNull
        case (.optional(let a), .optional(let b)): return a.joined(b).orNull
        case (.optional(let a), let b), (let a, .optional(let b)): return a.joined(b).orNull
        case (.int, .float), (.float, .int): return .float
        case (.list(let a), .list(let b)): return .list(a.joined(b))
        case (.enumeration(let a), .enumeration(let b)): return .enumeration(a + b.filter { !a.contains($0) })
        case (.enumeration, .string), (.string, .enumeration): return .string
        case (.record(let a), .record(let b)) where a.map(\.name) == b.map(\.name):
            return .record(zip(a, b).map { Field($0.name, $0.type.joined($1.type)) })
        default: return .json
        }
    }

    /// Whether a value of this type can be used where `target` is wanted. What is only known when it is there can.
    package func fits(_ target: ValueType) -> Bool {
        if self == target { return true }
        switch (self, target) {
        case (.never, _), (_, .json), (.json, _): return true
        case (.null, .optional): return true
        case (.optional(let a), .optional(let b)): return a.fits(b)
        case (_, .optional(let b)): return fits(b)
        case (.int, .float), (.enumeration, .string): return true
        case (.enumeration(let a), .enumeration(let b)): return a.allSatisfy(b.contains)
        case (.string, .enumeration): return true
        case (.list(let a), .list(let b)): return a.fits(b)
        case (.record(let a), .record(let b)):
            return b.allSatisfy { wanted in
                guard let own = a.first(where: { $0.name == wanted.name }) else { return wanted.type.mayBeNull }
                return own.type.fits(wanted.type)
            }
        default: return false
        }
    }
}

extension ValueType: CustomStringConvertible {
    /// As it is written in a flow file: `int`, `file[]`, `string?`, `{name: string, total: float}`.
    package var description: String {
        switch self {
        case .string: "string"
        case .int: "int"
        case .float: "float"
        case .bool: "bool"
        case .file: "file"
        case .directory: "directory"
        case .json: "json"
        case .null: "null"
        case .never: "nothing"
        case .list(let type): "\(type)[]"
        case .optional(let type): "\(type)?"
        case .record(let fields): "{\(fields.map { "\($0.name): \($0.type)" }.joined(separator: ", "))}"
        case .enumeration(let names): "one of \(names.joined(separator: ", "))"
        }
    }

    /// The type that is written so: a name with `[]` and `?` behind it. Nil if there is none.
    package init?(named text: String) {
        var base = text[...]
        var suffixes: [Character] = []
        while true {
            if base.hasSuffix("?") {
                suffixes.append("?")
                base.removeLast()
            } else if base.hasSuffix("[]") {
                suffixes.append("[")
                base.removeLast(2)
            } else {
                break
            }
            if suffixes.count > 8 { return nil }
        }
        guard let simple = Self.simple[String(base)] else { return nil }
        self = suffixes.reversed().reduce(simple) { $1 == "?" ? $0.orNull : .list($0) }
    }

    /// The names of simple types.
    package static let simple: [String: ValueType] = [
        "string": .string, "int": .int, "float": .float, "bool": .bool, "file": .file, "directory": .directory,
        "json": .json,
    ]
}

extension Value {
    /// The type of this value.
    package var type: ValueType {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .float: .float
        case .string: .string
        case .file: .file
        case .directory: .directory
        case .list(let elements): .list(elements.reduce(.never) { $0.joined($1.type) })
        case .record(let record):
            .record(zip(record.names, record.values).map { ValueType.Field($0, $1.type) })
        }
    }
}
