/// A writer of numbers and strings as bytes, the lowest byte first.
struct ByteWriter {
    var bytes: [UInt8] = []

    mutating func write(_ number: some FixedWidthInteger & UnsignedInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ content: some Collection<UInt8>) {
        write(UInt32(content.count))
        bytes.append(contentsOf: content)
    }

    mutating func write(_ text: String) { write(text.utf8) }
    mutating func write(_ number: Double) { write(number.bitPattern) }
}

extension [UInt8] {
    mutating func append(little number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}

/// A reader of the output of a ``ByteWriter``. Whatever the bytes are, it throws or returns a value.
struct ByteReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    mutating func next<Number: FixedWidthInteger & UnsignedInteger>(_: Number.Type = Number.self) throws(WireError)
        -> Number
    {
        let size = MemoryLayout<Number>.size
        guard rest.count >= size else { throw WireError("a message is cut off") }
        let number = rest.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(as: Number.self)) }
        rest.removeFirst(size)
        return number
    }

    mutating func nextBytes() throws(WireError) -> ArraySlice<UInt8> {
        let count = Int(try next(UInt32.self))
        guard count <= rest.count else { throw WireError("a message is cut off") }
        defer { rest.removeFirst(count) }
        return rest.prefix(count)
    }

    mutating func nextText() throws(WireError) -> String { String(decoding: try nextBytes(), as: UTF8.self) }
    mutating func nextNumber() throws(WireError) -> Double { Double(bitPattern: try next()) }

    /// Returns the number of elements that follow, each of which takes at least a byte.
    mutating func nextCount() throws(WireError) -> Int {
        let count = Int(try next(UInt32.self))
        guard count <= rest.count else { throw WireError("a message is cut off") }
        return count
    }

    var remaining: ArraySlice<UInt8> { rest }
}

/// The error of a message that isn't as expected.
struct WireError: Error, Hashable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
