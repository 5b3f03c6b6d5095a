/// The characters that JSON allows unescaped but that a terminal would act on. They are written as `\u` escapes, which
/// every reader of JSON turns back into the same text.
enum TerminalEscapes {
    /// Returns the character at a place of a UTF-8 text if it has to be escaped, and its length in bytes; nil for all
    /// others.
    ///
    /// These are DEL, the control characters U+0080 to U+009F, the line and paragraph separators, and the marks that
    /// change the direction of text.
    @inline(__always)
    static func character(at place: Int, of text: UnsafeBufferPointer<UInt8>) -> (value: UInt16, count: Int)? {
        switch text[place] {
        case 0x7F: return (0x7F, 1)
        case 0xC2, 0xD8, 0xE2: return longer(at: place, of: text)
        default: return nil
        }
    }

    private static func longer(at place: Int, of text: UnsafeBufferPointer<UInt8>) -> (value: UInt16, count: Int)? {
        guard place + 1 < text.count else { return nil }
        switch (text[place], text[place + 1]) {
        case (0xC2, 0x80...0x9F): return (UInt16(text[place + 1]), 2)
        case (0xD8, 0x9C): return (0x061C, 2)
        case (0xE2, 0x80), (0xE2, 0x81):
            guard place + 2 < text.count, text[place + 2] & 0xC0 == 0x80 else { return nil }
            let value = 0x2000 | UInt16(text[place + 1] & 0x3F) << 6 | UInt16(text[place + 2] & 0x3F)
            switch value {
            case 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: return (value, 3)
            default: return nil
            }
        default: return nil
        }
    }

    /// Returns the digits of an escape, after its `\u`.
    static func digits(of value: UInt16) -> [UInt8] {
        (0..<4).map { place in
            let digit = UInt8(truncatingIfNeeded: value >> UInt16(12 - 4 * place)) & 0xF
            return digit < 10 ? digit + 0x30 : digit + 0x57
        }
    }
}
