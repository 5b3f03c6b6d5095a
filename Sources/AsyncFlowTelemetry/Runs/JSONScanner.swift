import AsyncFlowBase

/// The position of a value in a JSON text. Strings and numbers are read only on request.
struct JSONValue {
    enum Kind: UInt8 { case null, no, yes, number, string, array, object }

    var kind: Kind
    /// The range of a string's content without the quotes, or of any other value as it is written.
    var start: Int
    var end: Int
    var isEscaped = false
}

/// A scanner of one JSON text (RFC 8259, and also NaN and Infinity, which Python writes) that validates it on the way.
///
/// It copies nothing and creates no objects, because recordings have millions of lines.
struct JSONScanner {
    struct Malformed: Error {}
    static let deepest = 256

    let bytes: UnsafeBufferPointer<UInt8>
    var position = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    @inline(__always)
    mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    /// Consumes the byte if it is the next one.
    @inline(__always)
    mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    /// Consumes a string if it is written as these bytes, without escapes.
    @inline(__always)
    mutating func take(quoted text: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        guard position + count + 2 <= bytes.count, bytes[position] == 0x22, bytes[position + count + 1] == 0x22,
            memcmp(bytes.baseAddress! + position + 1, text, count) == 0
        else { return false }
        position += count + 2
        return true
    }

    /// Consumes the colon between a key and its value, and spaces around it.
    @inline(__always)
    mutating func colon() throws(Malformed) {
        skipSpace()
        guard take(0x3A) else { throw Malformed() }
        skipSpace()
    }

    var isAtObject: Bool { position < bytes.count && bytes[position] == 0x7B }

    /// Reads the members of the object that starts here; `body` has to read the key, the colon and the value.
    @inline(__always)
    mutating func members(_ body: (inout JSONScanner) throws(Malformed) -> Void) throws(Malformed) {
        guard take(0x7B) else { throw Malformed() }
        skipSpace()
        if take(0x7D) { return }
        while true {
            skipSpace()
            try body(&self)
            skipSpace()
            if take(0x2C) { continue }
            guard take(0x7D) else { throw Malformed() }
            return
        }
    }

    /// Reads the elements of the array that starts here; `body` has to read each of them.
    @inline(__always)
    mutating func elements(_ body: (inout JSONScanner) throws(Malformed) -> Void) throws(Malformed) {
        guard take(0x5B) else { throw Malformed() }
        skipSpace()
        if take(0x5D) { return }
        while true {
            skipSpace()
            try body(&self)
            skipSpace()
            if take(0x2C) { continue }
            guard take(0x5D) else { throw Malformed() }
            return
        }
    }

    /// Reads any value; its contents are validated and skipped.
    mutating func value(depth: Int = 0) throws(Malformed) -> JSONValue {
        guard position < bytes.count, depth < Self.deepest else { throw Malformed() }
        let start = position
        switch bytes[position] {
        case 0x22: return try string()
        case 0x7B:
            try members { scanner throws(Malformed) in
                _ = try scanner.string()
                try scanner.colon()
                _ = try scanner.value(depth: depth + 1)
            }
            return JSONValue(kind: .object, start: start, end: position)
        case 0x5B:
            try elements { scanner throws(Malformed) in _ = try scanner.value(depth: depth + 1) }
            return JSONValue(kind: .array, start: start, end: position)
        case 0x74: return try word("true", .yes)
        case 0x66: return try word("false", .no)
        case 0x6E: return try word("null", .null)
        case 0x4E: return try word("NaN", .null)
        case 0x49: return try word("Infinity", .null)
        case 0x2D where position + 1 < bytes.count && bytes[position + 1] == 0x49: return try word("-Infinity", .null)
        default: return try number()
        }
    }

    @inline(__always)
    mutating func string() throws(Malformed) -> JSONValue {
        guard take(0x22) else { throw Malformed() }
        let start = position
        var isEscaped = false
        let base = UnsafeRawPointer(bytes.baseAddress!)
        let count = bytes.count
        var at = position
        while true {
            // Skips eight bytes at once as long as none of them is a quote, a backslash or a control character.
            while at + 8 <= count {
                let word = base.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                let quotes = word ^ 0x2222_2222_2222_2222
                let slashes = word ^ 0x5C5C_5C5C_5C5C_5C5C
                let low: UInt64 = 0x0101_0101_0101_0101
                let found =
                    ((quotes &- low) & ~quotes) | ((slashes &- low) & ~slashes)
                    | ((word &- 0x2020_2020_2020_2020) & ~word)
                if found & 0x8080_8080_8080_8080 != 0 { break }
                at += 8
            }
            guard at < count else { throw Malformed() }
            let byte = bytes[at]
            if byte == 0x22 { break }
            if byte < 0x20 { throw Malformed() }
            if byte == 0x5C {
                isEscaped = true
                at += 1
                guard at < count else { throw Malformed() }
                switch bytes[at] {
                case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74: break
                case 0x75:
                    guard at + 4 < count else { throw Malformed() }
                    for digit in 1...4 where Self.hexadecimal(bytes[at + digit]) == nil { throw Malformed() }
                    at += 4
                default: throw Malformed()
                }
            }
            at += 1
        }
        position = at + 1
        return JSONValue(kind: .string, start: start, end: at, isEscaped: isEscaped)
    }

    private mutating func word(_ word: StaticString, _ kind: JSONValue.Kind) throws(Malformed) -> JSONValue {
        let start = position
        let count = word.utf8CodeUnitCount
        guard start + count <= bytes.count, memcmp(bytes.baseAddress! + start, word.utf8Start, count) == 0 else {
            throw Malformed()
        }
        position += count
        return JSONValue(kind: kind, start: start, end: position)
    }

    @inline(__always)
    private mutating func digits() -> Bool {
        let start = position
        while position < bytes.count, bytes[position] &- 0x30 < 10 { position += 1 }
        return position > start
    }

    private mutating func number() throws(Malformed) -> JSONValue {
        let start = position
        _ = take(0x2D)
        let first = position
        guard digits() else { throw Malformed() }
        if bytes[first] == 0x30, position > first + 1 { throw Malformed() }
        if take(0x2E), !digits() { throw Malformed() }
        if position < bytes.count, bytes[position] | 0x20 == 0x65 {
            position += 1
            if !take(0x2B) { _ = take(0x2D) }
            guard digits() else { throw Malformed() }
        }
        return JSONValue(kind: .number, start: start, end: position)
    }

    static func hexadecimal(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte - 0x30)
        case 0x41...0x46: UInt32(byte - 0x41 + 10)
        case 0x61...0x66: UInt32(byte - 0x61 + 10)
        default: nil
        }
    }
}

// MARK: What values mean

extension JSONScanner {
    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
    ]

    /// Returns a number. Up to 19 digits without an exponent are exact to one unit in the last place; others are
    /// converted by the standard library.
    func double(_ value: JSONValue) -> Double? {
        guard value.kind == .number else { return nil }
        guard value.end - value.start <= 20 else { return slowDouble(value) }
        var mantissa: UInt64 = 0
        var digitsAfterPoint = -1
        var at = value.start
        let isNegative = bytes[at] == 0x2D
        if isNegative { at += 1 }
        guard value.end - at <= 19 || digitsFit(value) else { return slowDouble(value) }
        while at < value.end {
            let byte = bytes[at]
            if byte &- 0x30 < 10 {
                mantissa = mantissa &* 10 &+ UInt64(byte - 0x30)
                if digitsAfterPoint >= 0 { digitsAfterPoint += 1 }
            } else if byte == 0x2E {
                digitsAfterPoint = 0
            } else {
                return slowDouble(value)
            }
            at += 1
        }
        let magnitude = Double(mantissa) / Self.powersOfTen[max(0, digitsAfterPoint)]
        return isNegative ? -magnitude : magnitude
    }

    /// Returns whether the digits fit: twenty characters are nineteen digits if one of them is the point.
    private func digitsFit(_ value: JSONValue) -> Bool {
        (value.start..<value.end).contains { bytes[$0] == 0x2E }
    }

    private func slowDouble(_ value: JSONValue) -> Double? {
        Double(String(decoding: UnsafeBufferPointer(rebasing: bytes[value.start..<value.end]), as: UTF8.self))
    }

    func integer(_ value: JSONValue) -> Int? { double(value).flatMap { Int(exactly: $0.rounded()) } }

    func text(_ value: JSONValue) -> String? {
        guard value.kind == .string else { return nil }
        var scratch: [UInt8] = []
        return withBytes(of: value, scratch: &scratch) { String(decoding: $0, as: UTF8.self) }
    }

    /// Passes the bytes of a string, with its escapes resolved, to a closure.
    @inline(__always)
    func withBytes<R>(of value: JSONValue, scratch: inout [UInt8], _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        let written = UnsafeBufferPointer(rebasing: bytes[value.start..<value.end])
        guard value.isEscaped else { return body(written) }
        Self.unescape(written, into: &scratch)
        return scratch.withUnsafeBufferPointer(body)
    }

    private static func unescape(_ written: UnsafeBufferPointer<UInt8>, into result: inout [UInt8]) {
        result.removeAll(keepingCapacity: true)
        var at = 0
        while at < written.count {
            guard written[at] == 0x5C else {
                result.append(written[at])
                at += 1
                continue
            }
            let escape = written[at + 1]
            at += 2
            switch escape {
            case 0x62: result.append(0x08)
            case 0x66: result.append(0x0C)
            case 0x6E: result.append(0x0A)
            case 0x72: result.append(0x0D)
            case 0x74: result.append(0x09)
            case 0x75:
                var code = unit(written, at)
                at += 4
                if code & 0xFC00 == 0xD800, at + 6 <= written.count, written[at] == 0x5C, written[at + 1] == 0x75,
                    case let low = unit(written, at + 2), low & 0xFC00 == 0xDC00
                {
                    code = 0x10000 + (code & 0x3FF) << 10 + (low & 0x3FF)
                    at += 6
                }
                // Half of a surrogate pair isn't a character.
                let scalar = Unicode.Scalar(code) ?? "\u{FFFD}"
                result.append(contentsOf: String(scalar).utf8)
            default: result.append(escape)
            }
        }
    }

    private static func unit(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 << 4 | (hexadecimal(bytes[start + $1]) ?? 0) }
    }
}
