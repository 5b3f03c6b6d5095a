/// A destination for the bytes of a record. Numbers are written in little-endian order.
///
/// A record's encoding is written once and used with two sinks: one that counts the bytes, and one that writes into
/// memory of that size.
protocol ByteSink {
    mutating func byte(_ value: UInt8)
    mutating func bytes(_ bytes: UnsafeRawBufferPointer)
    mutating func word(_ value: UInt64)
    mutating func varint(_ value: UInt64)
}

extension ByteSink {
    /// Writes a signed number in zigzag form, so that small numbers of both signs take few bytes.
    @inline(__always)
    mutating func signed(_ value: Int64) { varint(UInt64(bitPattern: value << 1 ^ value >> 63)) }

    mutating func counted(_ content: [UInt8]) {
        varint(UInt64(content.count))
        content.withUnsafeBytes { bytes($0) }
    }

    /// Writes a text, truncated to the limit.
    mutating func text(_ text: String, atMost limit: Int = RecordLimits.text) {
        let utf8 = text.utf8
        let count = utf8.count <= limit ? utf8.count : Self.cut(utf8, to: limit)
        varint(UInt64(count))
        let isDone: Void? = utf8.withContiguousStorageIfAvailable {
            bytes(UnsafeRawBufferPointer(start: $0.baseAddress, count: count))
        }
        if isDone == nil { Array(utf8.prefix(count)).withUnsafeBytes { bytes($0) } }
    }

    mutating func digest(_ digest: ShortDigest) {
        word(digest.low)
        word(digest.high)
    }

    mutating func object(_ id: ObjectID) { withUnsafeBytes(of: id.words) { bytes($0) } }

    /// Returns the length of the longest prefix of whole UTF-8 sequences that isn't longer than the limit.
    private static func cut(_ utf8: String.UTF8View, to limit: Int) -> Int {
        var end = utf8.index(utf8.startIndex, offsetBy: limit)
        var count = limit
        while count > 0, utf8[end] & 0xC0 == 0x80 {
            end = utf8.index(before: end)
            count -= 1
        }
        return count
    }
}

/// The limits that apply to writing and reading records.
package enum RecordLimits {
    /// The maximum number of bytes of a record.
    package static let record = 1 << 20
    /// The maximum number of bytes of a text in a record.
    package static let text = 16 << 10
    /// The maximum number of bytes of the records in a frame.
    static let payload = 4 << 20
}

struct ByteCounter: ByteSink {
    private(set) var count = 0

    @inline(__always)
    mutating func byte(_ value: UInt8) { count += 1 }
    @inline(__always)
    mutating func bytes(_ bytes: UnsafeRawBufferPointer) { count += bytes.count }
    @inline(__always)
    mutating func word(_ value: UInt64) { count += 8 }
    @inline(__always)
    mutating func varint(_ value: UInt64) { count += Self.size(ofVarint: value) }

    @inline(__always)
    static func size(ofVarint value: UInt64) -> Int { (70 - (value | 1).leadingZeroBitCount) / 7 }
}

/// A sink that writes into memory whose size a ``ByteCounter`` has determined.
struct MemoryWriter: ByteSink {
    private let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    @inline(__always)
    mutating func byte(_ value: UInt8) {
        memory[count] = value
        count += 1
    }

    @inline(__always)
    mutating func bytes(_ bytes: UnsafeRawBufferPointer) {
        if bytes.isEmpty { return }
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    @inline(__always)
    mutating func word(_ value: UInt64) {
        memory.storeBytes(of: value.littleEndian, toByteOffset: count, as: UInt64.self)
        count += 8
    }

    @inline(__always)
    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            byte(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        byte(UInt8(truncatingIfNeeded: rest))
    }
}
