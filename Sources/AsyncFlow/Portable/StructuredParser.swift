/// A parser of the JSON of a structured value. Whatever the bytes are, it throws or returns a value.
struct StructuredParser {
    /// The maximum depth of nested objects and lists.
    private static let deepest = 256

    private var content: StructuredContent
    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var depth = 0

    private init(_ content: StructuredContent) {
        self.content = content
        bytes = content.skeleton
        position = bytes.startIndex
    }

    /// - Throws: ``StructuredValueError`` if the content isn't a value.
    static func value(of content: ArraySlice<UInt8>) throws(StructuredValueError) -> StructuredValue {
        var parser = StructuredParser(try StructuredContent(content))
        let value = try parser.next()
        parser.skipSpace()
        guard parser.position == parser.bytes.endIndex else { throw parser.problem("something follows the value") }
        return value
    }

    private func problem(_ what: String) -> StructuredValueError {
        StructuredValueError("\(what), at byte \(position - bytes.startIndex) of its JSON")
    }

    private mutating func skipSpace() {
        while position < bytes.endIndex, [0x20, 0x0a, 0x0d, 0x09].contains(bytes[position]) { position += 1 }
    }

    /// Returns the next byte that isn't white space; 0 at the end.
    private mutating func peek() -> UInt8 {
        skipSpace()
        return position < bytes.endIndex ? bytes[position] : 0
    }

    private mutating func take(_ word: StaticString, _ value: StructuredValue) throws(StructuredValueError)
        -> StructuredValue
    {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.endIndex,
            bytes[position..<end].elementsEqual(
                UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
        else { throw problem("a value is missing") }
        position = end
        return value
    }

    private mutating func next() throws(StructuredValueError) -> StructuredValue {
        switch peek() {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return .list(try list())
        case UInt8(ascii: "\""): return .text(try text())
        case UInt8(ascii: "n"): return try take("null", .null)
        case UInt8(ascii: "t"): return try take("true", .boolean(true))
        case UInt8(ascii: "f"): return try take("false", .boolean(false))
        case UInt8(ascii: "N"): return try take("NaN", .number(.nan))
        case UInt8(ascii: "I"): return try take("Infinity", .number(.infinity))
        case UInt8(ascii: "-") where position + 1 < bytes.endIndex && bytes[position + 1] == UInt8(ascii: "I"):
            return try take("-Infinity", .number(-.infinity))
        default: return try number()
        }
    }

    private mutating func enter() throws(StructuredValueError) {
        depth += 1
        guard depth <= Self.deepest else {
            throw problem("lists and objects are nested more than \(Self.deepest) deep")
        }
        position += 1
    }

    private mutating func list() throws(StructuredValueError) -> [StructuredValue] {
        try enter()
        defer { depth -= 1 }
        var list: [StructuredValue] = []
        if peek() == UInt8(ascii: "]") {
            position += 1
            return list
        }
        while true {
            list.append(try next())
            switch peek() {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "]"):
                position += 1
                return list
            default: throw problem("a list isn't closed")
            }
        }
    }

    private mutating func object() throws(StructuredValueError) -> StructuredValue {
        try enter()
        defer { depth -= 1 }
        var object: [String: StructuredValue] = [:]
        var isTagged = false
        if peek() == UInt8(ascii: "}") {
            position += 1
            return .object(object)
        }
        while true {
            guard peek() == UInt8(ascii: "\"") else { throw problem("an object has no key where one should be") }
            var key = try text()
            if key.utf8.first == UInt8(ascii: "$") {
                if key.utf8.dropFirst().first == UInt8(ascii: "$") { key.removeFirst() } else { isTagged = true }
            }
            guard peek() == UInt8(ascii: ":") else { throw problem("a key has no value") }
            position += 1
            object[key] = try next()
            switch peek() {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "}"):
                position += 1
                return isTagged ? try tagged(object) : .object(object)
            default: throw problem("an object isn't closed")
            }
        }
    }

    private mutating func tagged(_ object: [String: StructuredValue]) throws(StructuredValueError) -> StructuredValue {
        func integer(_ key: String) -> Int64? {
            if case .integer(let number)? = object[key] { number } else { nil }
        }
        if object["$"] != nil {
            if case .list(let list)? = object["s"] {
                let shape = list.map { if case .integer(let length) = $0 { Int(clamping: length) } else { -1 } }
                return .numbers(try content.numbers(integer("$"), shape: shape))
            }
            guard object["r"] != nil else { return .numbers(try content.numbers(integer("$"))) }
            let (numbers, lengths) = (try content.numbers(integer("$")), try content.numbers(integer("r")))
            return .rows(try rows(of: numbers, lengths))
        }
        if object["$b"] != nil { return .bytes(try content.bytes(integer("$b"))) }
        switch (object["$t"], object["$d"], object["$n"]) {
        case (.number(let seconds)?, _, _): return .moment(seconds)
        case (.integer(let seconds)?, _, _): return .moment(Double(seconds))
        case (_, .list(let list)?, _):
            if list.count == 2, case .integer(let seconds) = list[0], case .integer(let attoseconds) = list[1] {
                return .span(seconds: seconds, attoseconds: attoseconds)
            }
        case (_, _, .text(let text)?): return .decimal(text)
        default: break
        }
        throw problem("an object stands for a special value, but is malformed")
    }

    private func rows(
        of numbers: NumberBuffer, _ lengths: NumberBuffer
    ) throws(StructuredValueError) -> [NumberBuffer] {
        guard let lengths = lengths.elements(as: Int.self) else { throw problem("rows have no lengths") }
        var rows: [NumberBuffer] = []
        rows.reserveCapacity(lengths.count)
        var rest = numbers.bytes
        for length in lengths {
            guard length >= 0, length <= rest.count / numbers.format.size,
                let row = NumberBuffer(numbers.format, rest.prefix(length * numbers.format.size))
            else { throw problem("rows are cut off") }
            rows.append(row)
            rest = rest.dropFirst(row.bytes.count)
        }
        return rows
    }

    private mutating func number() throws(StructuredValueError) -> StructuredValue {
        let start = position
        var isInteger = true
        loop: while position < bytes.endIndex {
            switch bytes[position] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"): isInteger = false
            default: break loop
            }
            position += 1
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger {
            if let number = Int64(text) { return .integer(number) }
            let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
            if !digits.isEmpty, text.utf8.count - digits.count <= 1, !digits.contains(UInt8(ascii: "-")) {
                return .digits(text)
            }
        } else if let number = Double(text) {
            return .number(number)
        }
        throw problem("a value is missing")
    }

    private mutating func text() throws(StructuredValueError) -> String {
        position += 1
        let start = position
        while position < bytes.endIndex {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                guard let text = String(validating: bytes[start..<position], as: UTF8.self) else {
                    throw problem("a string isn't UTF-8")
                }
                position += 1
                return text
            case UInt8(ascii: "\\"): return try escapedText(from: start)
            default: position += 1
            }
        }
        throw problem("a string isn't closed")
    }

    private mutating func escapedText(from start: Int) throws(StructuredValueError) -> String {
        var text = Array(bytes[start..<position])
        while position < bytes.endIndex {
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") {
                guard let text = String(validating: text, as: UTF8.self) else { throw problem("a string isn't UTF-8") }
                return text
            }
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            guard position < bytes.endIndex else { break }
            let escape = bytes[position]
            position += 1
            switch escape {
            case UInt8(ascii: "n"): text.append(0x0a)
            case UInt8(ascii: "r"): text.append(0x0d)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0c)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
            case UInt8(ascii: "u"): text.append(contentsOf: String(Character(try scalar())).utf8)
            default: throw problem("a string has an unknown escape")
            }
        }
        throw problem("a string isn't closed")
    }

    private mutating func scalar() throws(StructuredValueError) -> UnicodeScalar {
        let first = try codeUnit()
        if let scalar = UnicodeScalar(first) { return scalar }
        guard first < 0xdc00, position + 1 < bytes.endIndex, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { throw problem("a string has an unpaired surrogate") }
        position += 2
        let second = try codeUnit()
        guard (0xdc00...0xdfff).contains(second),
            let scalar = UnicodeScalar(0x10000 + (UInt32(first) - 0xd800) << 10 + UInt32(second) - 0xdc00)
        else { throw problem("a string has an unpaired surrogate") }
        return scalar
    }

    private mutating func codeUnit() throws(StructuredValueError) -> UInt16 {
        guard position + 4 <= bytes.endIndex,
            let digits = String(validating: bytes[position..<(position + 4)], as: UTF8.self),
            let unit = UInt16(digits, radix: 16)
        else { throw problem("a string has an escape without four hexadecimal digits") }
        position += 4
        return unit
    }
}
