/// The methods of strings, as in Python.
enum TextMethods {
    private static func method(
        _ name: String, _ signature: String, _ help: String, _ arity: ClosedRange<Int>, _ result: ValueType,
        _ body: @escaping @Sendable ([String], inout Fuel) throws(ValueError) -> Value
    ) -> Function {
        Function(name, signature, help, arity) { types throws(ValueError) in
            for type in types { try ArgumentTypes.require(type, .string, name) }
            return result
        } _: { arguments, _, fuel throws(ValueError) in
            var texts: [String] = []
            for argument in arguments { texts.append(try Arguments.text(argument, name)) }
            try fuel.use(text: texts.reduce(0) { $0 + $1.utf8.count })
            return try body(texts, &fuel)
        }
    }

    static let all: [Function] = [
        method(
            "split", "text.split() or text.split(separator)", "The pieces between separators, or between blanks.",
            1...2, .list(.string)
        ) {
            texts, fuel throws(ValueError) in
            if texts.count == 1 { return .strings(words(of: texts[0])) }
            if texts[1].isEmpty { throw ValueError("'split' got an empty separator") }
            let pieces = split(texts[0], by: texts[1])
            try fuel.use(list: pieces.count)
            return .strings(pieces)
        },
        method("splitlines", "text.splitlines()", "The lines, without their ends.", 1...1, .list(.string)) {
            texts, fuel throws(ValueError) in
            let lines = lines(of: texts[0])
            try fuel.use(list: lines.count)
            return .strings(lines)
        },
        Function("join", "separator.join(texts)", "The texts of a list with a separator between them.", 2...2) {
            types throws(ValueError) in
            try ArgumentTypes.require(types[0], .string, "join")
            try ArgumentTypes.require(ArgumentTypes.element(types[1], "join"), .string, "join")
            return .string
        } _: { arguments, _, fuel throws(ValueError) in
            let separator = try Arguments.text(arguments[0], "join")
            var texts: [String] = []
            var length = 0
            for value in try Arguments.list(arguments[1], "join") {
                texts.append(try Arguments.text(value, "join"))
                length += texts[texts.count - 1].utf8.count + separator.utf8.count
                if length > Fuel.longestText { break }
            }
            try fuel.use(texts.count)
            try fuel.use(text: length)
            return .string(texts.joined(separator: separator))
        },
        method("replace", "text.replace(old, new)", "The text with each piece replaced.", 3...3, .string) {
            texts, fuel throws(ValueError) in
            if texts[1].isEmpty { throw ValueError("'replace' got an empty text to replace") }
            let pieces = split(texts[0], by: texts[1])
            let (more, isOver) = pieces.count.multipliedReportingOverflow(by: texts[2].utf8.count)
            try fuel.use(text: isOver ? .max : texts[0].utf8.count.addingReportingOverflow(more).partialValue)
            return .string(pieces.joined(separator: texts[2]))
        },
        method("strip", "text.strip()", "The text without blanks and line breaks at its ends.", 1...1, .string) {
            texts, _ throws(ValueError) in .string(stripped(texts[0], start: true, end: true))
        },
        method("lstrip", "text.lstrip()", "The text without blanks at its beginning.", 1...1, .string) {
            texts, _ throws(ValueError) in .string(stripped(texts[0], start: true, end: false))
        },
        method("rstrip", "text.rstrip()", "The text without blanks at its end.", 1...1, .string) {
            texts, _ throws(ValueError) in .string(stripped(texts[0], start: false, end: true))
        },
        method("startswith", "text.startswith(prefix)", "Whether the text begins so.", 2...2, .bool) {
            texts, _ throws(ValueError) in .bool(texts[0].utf8.starts(with: texts[1].utf8))
        },
        method("endswith", "text.endswith(suffix)", "Whether the text ends so.", 2...2, .bool) {
            texts, _ throws(ValueError) in .bool(texts[0].utf8.reversed().starts(with: texts[1].utf8.reversed()))
        },
        method("removeprefix", "text.removeprefix(prefix)", "The text without this beginning.", 2...2, .string) {
            texts, _ throws(ValueError) in
            guard texts[0].utf8.starts(with: texts[1].utf8) else { return .string(texts[0]) }
            return .string(String(decoding: texts[0].utf8.dropFirst(texts[1].utf8.count), as: UTF8.self))
        },
        method("removesuffix", "text.removesuffix(suffix)", "The text without this end.", 2...2, .string) {
            texts, _ throws(ValueError) in
            guard texts[0].utf8.reversed().starts(with: texts[1].utf8.reversed()) else { return .string(texts[0]) }
            return .string(String(decoding: texts[0].utf8.dropLast(texts[1].utf8.count), as: UTF8.self))
        },
        method("lower", "text.lower()", "The text in small letters.", 1...1, .string) { texts, _ throws(ValueError) in
            .string(texts[0].lowercased())
        },
        method("upper", "text.upper()", "The text in capital letters.", 1...1, .string) { texts, _ throws(ValueError) in
            .string(texts[0].uppercased())
        },
        method(
            "count", "text.count(piece)", "The number of occurrences of a piece.", 2...2, .int
        ) { texts, _ throws(ValueError) in
            if texts[1].isEmpty { throw ValueError("'count' got an empty text") }
            return .int(split(texts[0], by: texts[1]).count - 1)
        },
        method(
            "find", "text.find(piece)", "The place where a piece begins, from 0; -1 if it doesn't occur.", 2...2, .int
        ) {
            texts, _ throws(ValueError) in
            let bytes = Array(texts[0].utf8)
            guard let place = firstRange(of: Array(texts[1].utf8), in: bytes, from: 0)?.lowerBound else {
                return .int(-1)
            }
            return .int(String(decoding: bytes[..<place], as: UTF8.self).unicodeScalars.count)
        },
        Function("zfill", "text.zfill(width)", "The text with zeros before it.", 2...2) { types throws(ValueError) in
            try ArgumentTypes.require(types[0], .string, "zfill")
            try ArgumentTypes.require(types[1], .int, "zfill")
            return .string
        } _: { arguments, _, fuel throws(ValueError) in
            let text = try Arguments.text(arguments[0], "zfill")
            let width = try Arguments.int(arguments[1], "zfill")
            let missing = max(0, width.subtractingReportingOverflow(text.unicodeScalars.count).partialValue)
            try fuel.use(text: missing)
            let zeros = String(repeating: "0", count: missing)
            if let sign = text.unicodeScalars.first, sign == "-" || sign == "+" {
                return .string(String(Character(sign)) + zeros + String(text.unicodeScalars.dropFirst()))
            }
            return .string(zeros + text)
        },
    ]

    /// The place of the first piece from a place on, by bytes.
    static func firstRange(of piece: [UInt8], in text: [UInt8], from start: Int) -> Range<Int>? {
        if piece.isEmpty { return start..<start }
        guard piece.count <= text.count else { return nil }
        var position = start
        while position + piece.count <= text.count {
            if text[position] == piece[0], text[position..<position + piece.count].elementsEqual(piece) {
                return position..<position + piece.count
            }
            position += 1
        }
        return nil
    }

    static func split(_ text: String, by separator: String) -> [String] {
        let (bytes, piece) = (Array(text.utf8), Array(separator.utf8))
        var pieces: [String] = []
        var start = 0
        while let range = firstRange(of: piece, in: bytes, from: start) {
            pieces.append(String(decoding: bytes[start..<range.lowerBound], as: UTF8.self))
            start = range.upperBound
        }
        pieces.append(String(decoding: bytes[start...], as: UTF8.self))
        return pieces
    }

    /// The lines of a text; `\r\n` ends one as `\n` does.
    static func lines(of text: String) -> [String] {
        if text.isEmpty { return [] }
        var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            line.last == UInt8(ascii: "\r") ? String(Substring(line.dropLast())) : String(Substring(line))
        }
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }

    private static func words(of text: String) -> [String] {
        text.unicodeScalars.split(whereSeparator: isBlank).map { String($0) }
    }

    private static func stripped(_ text: String, start: Bool, end: Bool) -> String {
        var scalars = Substring(text).unicodeScalars
        while start, let first = scalars.first, isBlank(first) { scalars.removeFirst() }
        while end, let last = scalars.last, isBlank(last) { scalars.removeLast() }
        return String(scalars)
    }
}
