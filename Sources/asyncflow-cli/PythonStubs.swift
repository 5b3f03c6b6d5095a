import AsyncFlowBase

/// The Swift text for a Python module.
struct PythonStubs {
    private(set) var notes: [String] = []
    private var functions: [String] = []
    private var types: [String] = []
    private let module: String

    init(of description: ModuleDescription, in module: String) {
        self.module = module
        for record in description.records { add(record) }
        for enumeration in description.enums { add(enumeration) }
        for function in description.functions { add(function) }
    }

    var isEmpty: Bool { functions.isEmpty }

    var text: String {
        var text = "// Written by `asyncflow python \(module) --swift`, from the type hints of the module.\n\n"
        text += "import AsyncFlow\nimport AsyncFlowPython\nimport Foundation\n"
        for type in types { text += "\n" + type }
        let name = SwiftName.ofType(String(module.split(separator: ".").last ?? ""))
        text += "\n/// Functions of the Python module `\(module)`.\nenum \(SwiftName.quoted(name)) {\n"
        text += functions.joined(separator: "\n")
        return text + "}\n"
    }

    private mutating func add(_ function: ModuleDescription.Function) {
        guard SwiftName.isIdentifier(function.name[...]),
            function.parameters.allSatisfy({ SwiftName.isIdentifier($0.name[...]) })
        else { return notes.append("\(function.name) is left out: Swift has no such names") }
        var text = ""
        let summary = function.summary.harmless()
        if !summary.isEmpty { text += "    /// \(summary)\n" }
        let inputs = function.parameters.map { Self.swift($0.type) }.joined(separator: ", ")
        var output = Self.swift(function.returns)
        if case .simple("none") = function.returns { output = "Void" }
        text += "    static let \(SwiftName.quoted(SwiftName.ofValue(function.name))) = PythonTask(\n"
        text += "        \"\(module):\(function.name)\", as: ((\(inputs)) -> \(output)).self)\n"
        if !function.parameters.isEmpty, !function.parameters.contains(where: { $0.isPositional == true }) {
            text += "        .keywords(\(function.parameters.map { "\"\($0.name)\"" }.joined(separator: ", ")))\n"
        }
        functions.append(text)
    }

    private mutating func add(_ record: ModuleDescription.Record) {
        let fields = record.fields.filter { SwiftName.isIdentifier($0.name[...]) }
        for field in record.fields where !SwiftName.isIdentifier(field.name[...]) {
            notes.append("\(record.name).\(field.name) is left out: Swift has no such name")
        }
        var text = "struct \(SwiftName.quoted(record.name)): TaskValue, Codable {\n"
        for field in fields {
            text += "    var \(SwiftName.quoted(SwiftName.ofValue(field.name))): \(Self.swift(field.type))\n"
        }
        if fields.contains(where: { SwiftName.ofValue($0.name) != $0.name }) {
            text += "\n    enum CodingKeys: String, CodingKey {\n"
            for field in fields {
                text += "        case \(SwiftName.quoted(SwiftName.ofValue(field.name))) = \"\(field.name)\"\n"
            }
            text += "    }\n"
        }
        types.append(text + "}\n")
    }

    private mutating func add(_ enumeration: ModuleDescription.Enumeration) {
        let kind = enumeration.kind == "text" ? "String" : "Int"
        var text = "enum \(SwiftName.quoted(enumeration.name)): \(kind), TaskValue, Codable {\n"
        for it in enumeration.cases where SwiftName.isIdentifier(it.name[...]) {
            // Upper case is how Python names constants.
            let name = it.name == it.name.uppercased() ? it.name.lowercased() : it.name
            let value = enumeration.kind == "text" ? SwiftName.literal(it.value) : it.value
            guard enumeration.kind == "text" || Int(value) != nil else {
                notes.append("\(enumeration.name).\(it.name) is left out: its value is too large")
                continue
            }
            text += "    case \(SwiftName.quoted(SwiftName.ofValue(name))) = \(value)\n"
        }
        types.append(text + "}\n")
    }

    private static func swift(_ kind: ModuleDescription.Kind) -> String {
        switch kind {
        case .simple(let name):
            switch name {
            case "integer": "Int"
            case "number": "Double"
            case "text": "String"
            case "boolean": "Bool"
            case "bytes": "Data"
            case "date": "Date"
            case "duration": "Duration"
            case "decimal": "Decimal"
            default: "NoValue"
            }
        case .tensor(let scalar): "Tensor<\(SwiftName.isIdentifier(scalar[...]) ? scalar : "Double")>"
        case .optional(let inner): "\(swift(inner))?"
        case .list(let inner): "[\(swift(inner))]"
        case .table(let key, let inner): "[\(key == "integer" ? "Int" : "String"): \(swift(inner))]"
        case .named(let name): SwiftName.isIdentifier(name[...]) ? SwiftName.quoted(name) : "NoValue"
        }
    }
}

/// Names as Swift writes them.
enum SwiftName {
    private static let keywords: Set<String> = [
        "as", "associatedtype", "break", "case", "catch", "class", "continue", "default", "defer", "deinit", "do",
        "else",
        "enum", "extension", "fallthrough", "false", "fileprivate", "for", "func", "guard", "if", "import", "in",
        "init",
        "inout", "internal", "is", "let", "nil", "operator", "precedencegroup", "private", "protocol", "public",
        "repeat",
        "rethrows", "return", "self", "static", "struct", "subscript", "super", "switch", "throw", "throws", "true",
        "try",
        "typealias", "var", "where", "while", "Self", "Any", "Type", "Protocol",
    ]

    static func isIdentifier(_ name: Substring) -> Bool {
        guard let first = name.unicodeScalars.first, first == "_" || first.properties.isXIDStart else { return false }
        return name.unicodeScalars.allSatisfy { $0 == "_" || $0.properties.isXIDContinue }
    }

    static func quoted(_ name: String) -> String { keywords.contains(name) ? "`\(name)`" : name }

    /// `learning_rate` as `learningRate`.
    static func ofValue(_ name: String) -> String {
        let parts = name.split(separator: "_")
        guard let first = parts.first, name.first != "_" else { return name }
        return String(first) + parts.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    static func ofType(_ name: String) -> String {
        let value = ofValue(name)
        return value.prefix(1).uppercased() + value.dropFirst()
    }

    /// A text as a literal; nothing in it is anything else than text.
    static func literal(_ text: String) -> String {
        var literal = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": literal += "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.properties.generalCategory == .control:
                literal += "\\u{\(String(scalar.value, radix: 16))}"
            default: literal.unicodeScalars.append(scalar)
            }
        }
        return literal + "\""
    }
}
