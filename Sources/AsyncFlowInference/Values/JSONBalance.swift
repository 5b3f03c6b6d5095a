/// A counter of the brackets of a JSON text that comes in pieces, which tells where an object or array ends.
struct JSONBalance: Sendable {
    private var depth = 0
    private var isInText = false
    private var followsBackslash = false
    private var hasBegun = false

    /// Whether an object or array has started, and has ended.
    var isClosed: Bool { hasBegun && depth == 0 }

    /// - Returns: whether an object or array ends with this byte.
    mutating func receive(_ byte: UInt8) -> Bool {
        if isInText {
            switch byte {
            case _ where followsBackslash: followsBackslash = false
            case UInt8(ascii: "\\"): followsBackslash = true
            case UInt8(ascii: "\""): isInText = false
            default: break
            }
            return false
        }
        switch byte {
        case UInt8(ascii: "\""): isInText = hasBegun
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            hasBegun = true
            depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            if depth > 0 { depth -= 1 }
            return isClosed
        default: break
        }
        return false
    }

    mutating func receive(_ text: String) {
        for byte in text.utf8 { _ = receive(byte) }
    }
}
