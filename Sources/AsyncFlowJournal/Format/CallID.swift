/// A digest of 16 bytes: the first half of a SHA-256, or random.
package struct ShortDigest: Hashable, Sendable, CustomStringConvertible {
    /// The first eight bytes, in little-endian order.
    package var low: UInt64
    /// The last eight bytes, in little-endian order.
    package var high: UInt64

    package init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// The digest as 32 hexadecimal digits, in the order of the bytes.
    package var description: String { HexText.digits(low.littleEndianBytes + high.littleEndianBytes) }

    /// Creates a digest from its ``description``; nil if the text isn't one.
    package init?(_ text: String) {
        guard let bytes = HexText.bytes(text), bytes.count == 16 else { return nil }
        low = UInt64(littleEndianBytes: bytes[..<8])
        high = UInt64(littleEndianBytes: bytes[8...])
    }

    /// Returns a digest of random bytes.
    package static func random() -> ShortDigest {
        ShortDigest(low: .random(in: 0 ... .max), high: .random(in: 0 ... .max))
    }
}

/// The identity of a call in its run: the hash of key, scope and occurrence. It is equal to the key for the first call
/// at top level.
package typealias CallID = ShortDigest

/// The identity of a call's work: the same in each run and each program.
package typealias CallKey = ShortDigest

/// The random identity of one execution of a call: the quick name of the files and large values that it made.
package typealias ExecutionID = UInt64

/// The scope of a call: a digest of the chain of blocks, stream elements and iterations around it.
package struct ScopeID: Hashable, Sendable, CustomStringConvertible {
    package var value: UInt64

    package init(_ value: UInt64) { self.value = value }

    /// The scope of the program itself, outside of every block.
    package static let program = ScopeID(0)

    package var description: String { HexText.digits(value.littleEndianBytes) }
}

/// The number of a definition among those of one writer of a journal; assigned by ``JournalStore/define(_:)``.
package struct DefinitionNumber: Hashable, Sendable {
    package var value: UInt32

    package init(_ value: UInt32) { self.value = value }
}

/// A conversion between bytes and hexadecimal digits.
package enum HexText {
    package static func digits(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digit(byte >> 4))
            text.append(digit(byte & 15))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Returns the bytes of a text; nil if it isn't made of pairs of lowercase digits.
    package static func bytes(_ text: String) -> [UInt8]? {
        let digits = text.utf8.map { (digit: UInt8) -> UInt8? in
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            default: nil
            }
        }
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for at in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[at], let low = digits[at + 1] else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}

extension UInt64 {
    package var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }

    /// - Parameter bytes: At most eight bytes.
    package init(littleEndianBytes bytes: some Sequence<UInt8>) {
        var (value, shift) = (UInt64(0), UInt64(0))
        for byte in bytes.prefix(8) {
            value |= UInt64(byte) << shift
            shift += 8
        }
        self = value
    }
}
