import CChecksums

/// The first 64 bytes of a segment: `AFJOURN1`, the format's version (two numbers of two bytes), four zeros, the
/// writer's identity (16), the segment's number (8), the time of its creation (8), twelve zeros, and the CRC-32C of the
/// bytes before.
struct SegmentHeader: Equatable {
    static let size = 64
    static let magic = Array("AFJOURN1".utf8)
    static let currentMajor: UInt16 = 1
    static let currentMinor: UInt16 = 0

    var major = Self.currentMajor
    var minor = Self.currentMinor
    var writer: ShortDigest
    var number: UInt64
    var began: JournalTime

    var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.size)
        bytes.withUnsafeMutableBytes { bytes in
            bytes.copyBytes(from: Self.magic)
            bytes.storeBytes(of: major.littleEndian, toByteOffset: 8, as: UInt16.self)
            bytes.storeBytes(of: minor.littleEndian, toByteOffset: 10, as: UInt16.self)
            bytes.storeBytes(of: writer.low.littleEndian, toByteOffset: 16, as: UInt64.self)
            bytes.storeBytes(of: writer.high.littleEndian, toByteOffset: 24, as: UInt64.self)
            bytes.storeBytes(of: number.littleEndian, toByteOffset: 32, as: UInt64.self)
            bytes.storeBytes(of: began.littleEndian, toByteOffset: 40, as: Int64.self)
            let sum = cchecksums_crc32c(0, bytes.baseAddress, 60)
            bytes.storeBytes(of: sum.littleEndian, toByteOffset: 60, as: UInt32.self)
        }
        return bytes
    }

    init(writer: ShortDigest, number: UInt64, began: JournalTime) {
        self.writer = writer
        self.number = number
        self.began = began
    }

    /// - Returns: nil if the bytes aren't a complete header.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.size, bytes.prefix(8).elementsEqual(Self.magic) else { return nil }
        func load<Number: FixedWidthInteger>(_ at: Int, _: Number.Type) -> Number {
            Number(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: Number.self))
        }
        guard load(60, UInt32.self) == cchecksums_crc32c(0, bytes.baseAddress, 60) else { return nil }
        major = load(8, UInt16.self)
        minor = load(10, UInt16.self)
        writer = ShortDigest(low: load(16, UInt64.self), high: load(24, UInt64.self))
        number = load(32, UInt64.self)
        began = load(40, Int64.self)
    }
}
