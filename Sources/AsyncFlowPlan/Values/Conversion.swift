import AsyncFlowBase

/// Turns values from outside, such as JSON and words of the command line, into values of a type.
package enum Conversion {
    /// - Parameter base: the directory that relative paths of files begin at.
    /// - Throws: ``ValueError`` that says what was wanted, what there is, and where in the value.
    package static func convert(
        _ value: Value, to type: ValueType, base: String, at path: String = ""
    ) throws(ValueError) -> Value {
        switch (type, value) {
        case (.json, _): return value
        case (.optional, .null), (.null, .null): return .null
        case (.optional(let type), _): return try convert(value, to: type, base: base, at: path)
        case (.string, .string), (.int, .int), (.float, .float), (.bool, .bool): return value
        case (.file, .file), (.directory, .directory): return value
        case (.float, .int(let number)): return .float(Double(number))
        case (.int, .float(let number)):
            guard let whole = Int(exactly: number) else { break }
            return .int(whole)
        case (.file, .string(let text)):
            return .file(try absolute(text, base, path))
        case (.directory, .string(let text)): return .directory(try absolute(text, base, path))
        case (.enumeration(let names), .string(let text)):
            if names.contains(text) { return value }
            throw ValueError(
                "\(place(path))'\(text.harmless())' isn't one of \(names.joined(separator: ", "))"
                    + Nearest.hint(text, names))
        case (.list(let type), .list(let elements)):
            var converted: [Value] = []
            converted.reserveCapacity(elements.count)
            for (index, element) in elements.enumerated() {
                converted.append(try convert(element, to: type, base: base, at: "\(path)[\(index)]"))
            }
            return .list(converted)
        case (.record(let fields), .record(let record)):
            var values: [Value] = []
            for field in fields {
                let inner = path.isEmpty ? field.name : "\(path).\(field.name)"
                guard let value = record[field.name] else {
                    if field.type.mayBeNull {
                        values.append(.null)
                        continue
                    }
                    throw ValueError("\(place(path))'\(field.name)' is missing; there is \(listing(record.names))")
                }
                values.append(try convert(value, to: field.type, base: base, at: inner))
            }
            return .record(Record(names: fields.map(\.name), values: values))
        default: break
        }
        throw ValueError("\(place(path))it should be \(type), but is \(shown(value))")
    }

    /// The value of a type that a text stands for: the word of a command line, or a command's output.
    ///
    /// - Throws: ``ValueError``.
    package static func parse(_ text: String, as type: ValueType, base: String) throws(ValueError) -> Value {
        switch type {
        case .string, .enumeration, .file, .directory:
            return try convert(.string(text), to: type, base: base)
        case .optional(let inner):
            return text.isEmpty || text == "null" ? .null : try parse(text, as: inner, base: base)
        case .int:
            guard let number = Int(text.trimmedBlanks) else { break }
            return .int(number)
        case .float:
            guard let number = Double(text.trimmedBlanks), number.isFinite else { break }
            return .float(number)
        case .bool:
            switch text.trimmedBlanks {
            case "true": return .bool(true)
            case "false": return .bool(false)
            default: break
            }
        case .json, .list, .record, .null, .never:
            return try convert(JSONText.value(of: text), to: type, base: base)
        }
        throw ValueError("it should be \(type), but is \(shown(.string(text)))")
    }

    private static func absolute(_ text: String, _ base: String, _ path: String) throws(ValueError) -> String {
        if text.isEmpty { throw ValueError("\(place(path))the path of a file is empty") }
        if text.utf8.contains(0) { throw ValueError("\(place(path))the path of a file has a NUL character in it") }
        return PathText.absolute(text, base: base)
    }

    private static func place(_ path: String) -> String { path.isEmpty ? "" : "at '\(path)': " }

    private static func listing(_ names: [String]) -> String {
        names.isEmpty ? "nothing" : names.prefix(10).map { "'\($0.harmless())'" }.joined(separator: ", ")
    }

    /// The kind and the beginning of a value, for a message.
    package static func shown(_ value: Value) -> String {
        let text = JSONText.text(of: value).harmless()
        let cut = text.count > 60 ? text.prefix(60) + "…" : text[...]
        switch value {
        case .null: return "null"
        case .list(let elements): return "a list of \(elements.count), \(cut)"
        case .record: return "a record, \(cut)"
        default: return "the \(value.kindName) \(cut)"
        }
    }
}

extension String {
    /// The text without blanks and line breaks at its ends.
    var trimmedBlanks: String {
        let isBlank = { (scalar: Unicode.Scalar) in scalar == " " || (0x9...0xD).contains(scalar.value) }
        let scalars = unicodeScalars
        guard let start = scalars.firstIndex(where: { !isBlank($0) }),
            let end = scalars.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(scalars[start...end])
    }
}
