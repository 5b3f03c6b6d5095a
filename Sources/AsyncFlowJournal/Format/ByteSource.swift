/// An error for bytes that aren't a valid record.
struct FormatError: Error, Hashable {}

/// A reader of the bytes that a ``ByteSink`` has written. For any bytes, its functions return a value or throw.
struct ByteSource {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position: Int

    init(_ bytes: UnsafeRawBufferPointer, at position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    var remaining: Int { bytes.count - position }

    @inline(__always)
    mutating func byte() throws(FormatError) -> UInt8 {
        guard position < bytes.count else { throw FormatError() }
        defer { position += 1 }
        return bytes[position]
    }

    @inline(__always)
    mutating func word() throws(FormatError) -> UInt64 {
        guard remaining >= 8 else { throw FormatError() }
        defer { position += 8 }
        return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    @inline(__always)
    mutating func varint() throws(FormatError) -> UInt64 {
        let first = try byte()
        if first < 0x80 { return UInt64(first) }
        var value = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while true {
            let next = try byte()
            // The tenth byte has room for one bit.
            guard shift < 63 || (shift == 63 && next <= 1) else { throw FormatError() }
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return value }
            shift += 7
        }
    }

    mutating func signed() throws(FormatError) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// Reads a number of bytes, or of elements that take at least a byte each.
    mutating func count() throws(FormatError) -> Int {
        guard let count = Int(exactly: try varint()), count <= remaining else { throw FormatError() }
        return count
    }

    mutating func counted() throws(FormatError) -> [UInt8] {
        let count = try count()
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    mutating func text() throws(FormatError) -> String {
        let count = try count()
        if count == 0 { return "" }
        defer { position += count }
        return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[position..<position + count]), as: UTF8.self)
    }

    mutating func digest() throws(FormatError) -> ShortDigest { ShortDigest(low: try word(), high: try word()) }

    mutating func object() throws(FormatError) -> ObjectID {
        guard remaining >= 32 else { throw FormatError() }
        defer { position += 32 }
        return ObjectID(bytes: UnsafeRawBufferPointer(rebasing: bytes[position..<position + 32]))
    }

    mutating func flag() throws(FormatError) -> Bool { try byte() != 0 }
}
