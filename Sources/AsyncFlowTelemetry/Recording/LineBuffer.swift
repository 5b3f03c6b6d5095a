import AsyncFlowBase

/// A growing buffer of bytes: the fastest way to put lines together from pieces that are already encoded.
struct LineBuffer: ~Copyable {
    private var start: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int = 1 << 16) {
        self.capacity = max(64, capacity)
        start = .allocate(capacity: self.capacity)
    }

    deinit { start.deallocate() }

    /// Returns the bytes that a closure appends to an empty buffer.
    static func bytes(_ write: (inout LineBuffer) -> Void) -> [UInt8] {
        var buffer = LineBuffer(capacity: 256)
        write(&buffer)
        return buffer.copy()
    }

    /// Returns a copy of the bytes.
    func copy() -> [UInt8] { Array(bytes) }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

    /// Removes the first bytes.
    mutating func removeFirst(_ removed: Int) {
        memmove(start, start + removed, count - removed)
        count -= removed
    }
    mutating func removeAll() { count = 0 }

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if count + more > capacity { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        capacity = max(2 * capacity, count + more)
        let new = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        new.update(from: start, count: count)
        start.deallocate()
        start = new
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        reserve(1)
        start[count] = byte
        count += 1
    }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        let size = text.utf8CodeUnitCount
        reserve(size)
        memcpy(start + count, text.utf8Start, size)
        count += size
    }

    @inline(__always)
    mutating func append(_ other: [UInt8]) {
        reserve(other.count)
        other.withUnsafeBufferPointer { if let base = $0.baseAddress { memcpy(start + count, base, $0.count) } }
        count += other.count
    }

    /// Appends the bytes between two earlier places once more.
    @inline(__always)
    mutating func repeatBytes(from place: Int, to end: Int) {
        reserve(end - place)
        memcpy(start + count, start + place, end - place)
        count += end - place
    }

    mutating func append(text: String) {
        var text = text
        text.withUTF8 { bytes in
            reserve(bytes.count)
            if let base = bytes.baseAddress { memcpy(start + count, base, bytes.count) }
            count += bytes.count
        }
    }

    /// Appends a decimal number with at least the given number of digits.
    mutating func append(decimal value: UInt64, digits least: Int = 1) {
        var rest = value
        var digits = 1
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        digits = max(digits, least)
        reserve(digits)
        rest = value
        var place = count + digits
        for _ in 0..<digits {
            place -= 1
            start[place] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
            rest /= 10
        }
        count += digits
    }

    /// Appends 16 lower-case hexadecimal digits.
    @inline(__always)
    mutating func append(hex value: UInt64) {
        reserve(16)
        for index in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: (value >> UInt64(60 - 4 * index)) & 0xF)
            start[count + index] = digit < 10 ? digit &+ 0x30 : digit &+ 0x57
        }
        count += 16
    }

    /// Appends seconds with six decimal places.
    mutating func append(microseconds value: Int64) {
        if value < 0 { append(0x2D) }
        let size = value.magnitude
        append(decimal: size / 1_000_000)
        append(0x2E)
        append(decimal: size % 1_000_000, digits: 6)
    }

    /// Appends a JSON number, or `null` if the value isn't finite.
    mutating func append(number value: Double) {
        if value.isFinite {
            append(text: "\(value)")
        } else {
            append("null")
        }
    }

    /// Appends a JSON string with its quotes.
    mutating func append(string text: String) {
        append(0x22)
        append(escaped: text)
        append(0x22)
    }

    mutating func append(escaped text: String) {
        var text = text
        text.withUTF8 { bytes in
            var place = 0
            while place < bytes.count {
                let byte = bytes[place]
                var count = 1
                switch byte {
                case 0x22: append("\\\"")
                case 0x5C: append("\\\\")
                case 0x0A: append("\\n")
                case 0x0D: append("\\r")
                case 0x09: append("\\t")
                case 0..<0x20: append(escape: UInt16(byte))
                case 0x7F...:
                    if let (value, length) = TerminalEscapes.character(at: place, of: bytes) {
                        append(escape: value)
                        count = length
                    } else {
                        append(byte)
                    }
                default: append(byte)
                }
                place += count
            }
        }
    }

    private mutating func append(escape value: UInt16) {
        append("\\u")
        append(TerminalEscapes.digits(of: value))
    }
}
