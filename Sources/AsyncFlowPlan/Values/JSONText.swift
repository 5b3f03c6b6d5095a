/// Values written as JSON, as Python's `json.dumps` writes them.
package enum JSONText {
    /// The deepest nesting that is read.
    static let deepest = 256

    /// - Parameter indent: the number of blanks for each level; nil for a single line.
    package static func text(of value: Value, indent: Int? = nil) -> String {
        var bytes: [UInt8] = []
        write(value, to: &bytes, indent: indent, level: 0)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func write(_ value: Value, to bytes: inout [UInt8], indent: Int?, level: Int) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        case .int(let number): bytes.append(contentsOf: String(number).utf8)
        case .float(let number): bytes.append(contentsOf: (number.isFinite ? number.description : "null").utf8)
        case .string(let text), .file(let text), .directory(let text): write(text, to: &bytes)
        case .list(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                separate(index, &bytes, indent, level + 1)
                write(element, to: &bytes, indent: indent, level: level + 1)
            }
            close(elements.isEmpty, UInt8(ascii: "]"), &bytes, indent, level)
        case .record(let record):
            bytes.append(UInt8(ascii: "{"))
            for index in record.names.indices {
                separate(index, &bytes, indent, level + 1)
                write(record.names[index], to: &bytes)
                bytes.append(contentsOf: ": ".utf8)
                write(record.values[index], to: &bytes, indent: indent, level: level + 1)
            }
            close(record.names.isEmpty, UInt8(ascii: "}"), &bytes, indent, level)
        }
    }

    private static func separate(_ index: Int, _ bytes: inout [UInt8], _ indent: Int?, _ level: Int) {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        if let indent {
            bytes.append(UInt8(ascii: "\n"))
            bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * level))
        } else if index > 0 {
            bytes.append(UInt8(ascii: " "))
        }
    }

    private static func close(_ isEmpty: Bool, _ end: UInt8, _ bytes: inout [UInt8], _ indent: Int?, _ level: Int) {
        if let indent, !isEmpty {
            bytes.append(UInt8(ascii: "\n"))
            bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * level))
        }
        bytes.append(end)
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
            case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
            case UInt8(ascii: "\r"): bytes.append(contentsOf: "\\r".utf8)
            case UInt8(ascii: "\t"): bytes.append(contentsOf: "\\t".utf8)
            case 0..<0x20, 0x7F:
                let digits = String(byte, radix: 16)
                bytes.append(contentsOf: "\\u00\(digits.utf8.count == 1 ? "0" : "")\(digits)".utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

extension JSONText {
    /// Reads a value.
    ///
    /// - Throws: ``ValueError`` that says what is wrong and in which line and column, for text that isn't JSON or is
    ///   nested too deeply.
    package static func value(of text: String) throws(ValueError) -> Value {
        var reader = Reader(bytes: Array(text.utf8))
        return try reader.whole()
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        mutating func whole() throws(ValueError) -> Value {
            skipBlanks()
            if position == bytes.count { throw ValueError("it is empty, which isn't JSON") }
            let value = try value(depth: 0)
            skipBlanks()
            if position < bytes.count { throw failure("something follows the value") }
            return value
        }

        private func failure(_ what: String) -> ValueError {
            let before = bytes[..<min(position, bytes.count)]
            let line = before.count { $0 == UInt8(ascii: "\n") } + 1
            let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            return ValueError("it isn't JSON: \(what) (line \(line), column \(position - start + 1))")
        }

        private mutating func skipBlanks() {
            while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
        }

        private mutating func value(depth: Int) throws(ValueError) -> Value {
            if depth > JSONText.deepest { throw failure("it is nested too deeply") }
            guard position < bytes.count else { throw failure("it ends within a value") }
            switch bytes[position] {
            case UInt8(ascii: "{"): return try record(depth)
            case UInt8(ascii: "["): return try list(depth)
            case UInt8(ascii: "\""): return .string(try string())
            case UInt8(ascii: "t"): return try word("true", .bool(true))
            case UInt8(ascii: "f"): return try word("false", .bool(false))
            case UInt8(ascii: "n"): return try word("null", .null)
            default: return try number()
            }
        }

        private mutating func word(_ word: String, _ value: Value) throws(ValueError) -> Value {
            guard bytes[position...].starts(with: word.utf8) else { throw failure("there is no such word") }
            position += word.utf8.count
            return value
        }

        private mutating func list(_ depth: Int) throws(ValueError) -> Value {
            position += 1
            var elements: [Value] = []
            skipBlanks()
            if take(UInt8(ascii: "]")) { return .list([]) }
            while true {
                skipBlanks()
                elements.append(try value(depth: depth + 1))
                skipBlanks()
                if take(UInt8(ascii: "]")) { return .list(elements) }
                guard take(UInt8(ascii: ",")) else { throw failure("',' or ']' is missing") }
            }
        }

        private mutating func record(_ depth: Int) throws(ValueError) -> Value {
            position += 1
            var places: [String: Int] = [:]
            var names: [String] = []
            var values: [Value] = []
            skipBlanks()
            if take(UInt8(ascii: "}")) { return .record(Record([])) }
            while true {
                skipBlanks()
                guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                    throw failure("a name in quotes is missing")
                }
                let name = try string()
                skipBlanks()
                guard take(UInt8(ascii: ":")) else { throw failure("':' is missing") }
                skipBlanks()
                let value = try value(depth: depth + 1)
                // As in most readers, the last of several counts.
                if let place = places[name] {
                    values[place] = value
                } else {
                    places[name] = names.count
                    names.append(name)
                    values.append(value)
                }
                skipBlanks()
                if take(UInt8(ascii: "}")) { return .record(Record(names: names, values: values)) }
                guard take(UInt8(ascii: ",")) else { throw failure("',' or '}' is missing") }
            }
        }

        private mutating func take(_ byte: UInt8) -> Bool {
            guard position < bytes.count, bytes[position] == byte else { return false }
            position += 1
            return true
        }

        private mutating func number() throws(ValueError) -> Value {
            let start = position
            var isWhole = true
            if take(UInt8(ascii: "-")) {}
            let digits = takeDigits()
            if digits == 0 || digits > 1 && bytes[position - digits] == UInt8(ascii: "0") {
                position = start
                throw failure("a value is missing")
            }
            if take(UInt8(ascii: ".")) {
                isWhole = false
                if takeDigits() == 0 { throw failure("a digit is missing") }
            }
            if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
                isWhole = false
                if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
                if takeDigits() == 0 { throw failure("a digit is missing") }
            }
            let text = String(decoding: bytes[start..<position], as: UTF8.self)
            if isWhole, let number = Int(text) { return .int(number) }
            guard let number = Double(text), number.isFinite else { throw failure("the number is too large") }
            return .float(number)
        }

        private mutating func takeDigits() -> Int {
            let start = position
            while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
                position += 1
            }
            return position - start
        }

        private mutating func string() throws(ValueError) -> String {
            position += 1
            var result: [UInt8] = []
            while position < bytes.count {
                let byte = bytes[position]
                position += 1
                switch byte {
                case UInt8(ascii: "\""): return String(decoding: result, as: UTF8.self)
                case 0..<0x20: throw failure("a control character stands in a string")
                case UInt8(ascii: "\\"): result.append(contentsOf: String(Character(try escape())).utf8)
                default: result.append(byte)
                }
            }
            throw failure("a string has no end")
        }

        private mutating func escape() throws(ValueError) -> Unicode.Scalar {
            guard position < bytes.count else { throw failure("a string has no end") }
            position += 1
            switch bytes[position - 1] {
            case UInt8(ascii: "\""): return "\""
            case UInt8(ascii: "\\"): return "\\"
            case UInt8(ascii: "/"): return "/"
            case UInt8(ascii: "b"): return "\u{8}"
            case UInt8(ascii: "f"): return "\u{C}"
            case UInt8(ascii: "n"): return "\n"
            case UInt8(ascii: "r"): return "\r"
            case UInt8(ascii: "t"): return "\t"
            case UInt8(ascii: "u"):
                let unit = try hexadecimal()
                guard (0xD800..<0xDC00).contains(unit) else { return Unicode.Scalar(unit) ?? "\u{FFFD}" }
                guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                    bytes[position + 1] == UInt8(ascii: "u")
                else { return "\u{FFFD}" }
                let rest = position
                position += 2
                let low = try hexadecimal()
                guard (0xDC00..<0xE000).contains(low) else {
                    position = rest
                    return "\u{FFFD}"
                }
                return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
            default: throw failure("there is no such escape in a string")
            }
        }

        private mutating func hexadecimal() throws(ValueError) -> UInt32 {
            let digits = bytes[position..<min(position + 4, bytes.count)]
            guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
                let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
            else { throw failure("four hexadecimal digits are missing") }
            position += 4
            return unit
        }
    }
}
