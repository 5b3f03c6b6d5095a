import CChecksums

/// The header of a frame: 32 bytes before the records that were written at once.
///
/// | bytes | |
/// |---|---|
/// | 4 | ``magic`` |
/// | 4 | length of the payload, without the zeros that fill it up to a multiple of 8 |
/// | 8 | number of the first record among those of its writer; all bits set for definitions that are repeated |
/// | 8 | the time that the times of the records are relative to |
/// | 4 | number of records |
/// | 4 | CRC-32C of header and payload, without magic and checksum |
struct Frame {
    static let headerSize = 32
    static let magic: UInt32 = 0x4A46_41F1  // the bytes F1 41 46 4A: no UTF-8
    static let uncounted = UInt64.max

    var length: Int
    var firstNumber: UInt64
    var base: JournalTime
    var count: UInt32

    /// The frame's size with its padding.
    var size: Int { Self.headerSize + Self.padded(length) }

    static func padded(_ length: Int) -> Int { (length + 7) & ~7 }

    /// Writes the header in front of a payload that is already in the memory, and zeros after it.
    ///
    /// - Parameter memory: The memory from the header on, with room for the padding.
    func seal(_ memory: UnsafeMutableRawBufferPointer) {
        memory.storeBytes(of: Self.magic.littleEndian, toByteOffset: 0, as: UInt32.self)
        memory.storeBytes(of: UInt32(length).littleEndian, toByteOffset: 4, as: UInt32.self)
        memory.storeBytes(of: firstNumber.littleEndian, toByteOffset: 8, as: UInt64.self)
        memory.storeBytes(of: base.littleEndian, toByteOffset: 16, as: Int64.self)
        memory.storeBytes(of: count.littleEndian, toByteOffset: 24, as: UInt32.self)
        let end = Self.headerSize + length
        for at in end..<size { memory[at] = 0 }
        let sum = Self.checksum(UnsafeRawBufferPointer(memory), length)
        memory.storeBytes(of: sum.littleEndian, toByteOffset: 28, as: UInt32.self)
    }

    private static func checksum(_ memory: UnsafeRawBufferPointer, _ length: Int) -> UInt32 {
        let start = memory.baseAddress!
        return cchecksums_crc32c(cchecksums_crc32c(0, start + 4, 24), start + headerSize, length)
    }

    /// Reads a header without comparing the checksum.
    ///
    /// - Returns: nil if no frame can start here.
    init?(header bytes: UnsafeRawBufferPointer, at offset: Int) {
        guard bytes.count - offset >= Self.headerSize else { return nil }
        func load<Number: FixedWidthInteger>(_ at: Int, _: Number.Type) -> Number {
            Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + at, as: Number.self))
        }
        guard load(0, UInt32.self) == Self.magic else { return nil }
        length = Int(load(4, UInt32.self))
        firstNumber = load(8, UInt64.self)
        base = load(16, Int64.self)
        count = load(24, UInt32.self)
        guard length <= RecordLimits.payload, Int(count) <= length else { return nil }
    }

    init(length: Int, firstNumber: UInt64, base: JournalTime, count: UInt32) {
        self.length = length
        self.firstNumber = firstNumber
        self.base = base
        self.count = count
    }

    /// Returns whether the frame is complete and its checksum is right.
    func isWhole(in bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        guard bytes.count - offset >= Self.headerSize + length else { return false }
        let sum = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 28, as: UInt32.self))
        return sum == Self.checksum(UnsafeRawBufferPointer(rebasing: bytes[offset...]), length)
    }

    /// Calls a function with each record of a payload: its kind and body, and the offset in `bytes` at which it begins.
    ///
    /// - Returns: Whether the payload ended where a record ended.
    static func forEachRecord(
        in bytes: UnsafeRawBufferPointer, from start: Int, length: Int,
        _ body: (_ record: UnsafeRawBufferPointer, _ offset: Int) throws -> Void
    ) rethrows -> Bool {
        let payload = UnsafeRawBufferPointer(rebasing: bytes[..<(start + length)])
        var source = ByteSource(payload, at: start)
        while source.remaining > 0 {
            let begin = source.position
            guard let size = try? source.count(), size > 0 else { return false }
            let at = source.position
            try body(UnsafeRawBufferPointer(rebasing: payload[at..<at + size]), begin)
            source = ByteSource(payload, at: at + size)
        }
        return true
    }
}
