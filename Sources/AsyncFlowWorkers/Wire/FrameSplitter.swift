/// Cuts a stream of bytes into frames: four bytes that say how long the rest is, one that says what it is, the rest.
struct FrameSplitter {
    /// No frame is longer: what seems to be is something else than frames.
    static let longest = 1 << 30
    private var bytes: [UInt8] = []
    private var position = 0
    /// What the other end says first.
    private var opening: [UInt8]

    /// - Parameter opening: the bytes that come before the first frame.
    init(opening: [UInt8] = []) { self.opening = opening }

    mutating func append(_ piece: UnsafeRawBufferPointer) {
        if position == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.count < 1 << 20)
            position = 0
        } else if position > 1 << 20 {
            bytes.removeFirst(position)
            position = 0
        }
        bytes.append(contentsOf: piece)
    }

    /// The next frame that is there as a whole.
    ///
    /// - Throws: if the stream can't be one of frames.
    mutating func next() throws(WireError) -> (type: UInt8, content: ArraySlice<UInt8>)? {
        try takeOpening()
        guard opening.isEmpty, bytes.count - position >= 5 else { return nil }
        let length = bytes.withUnsafeBytes {
            Int(UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: UInt32.self)))
        }
        guard length >= 1, length <= Self.longest else { throw garbage }
        guard bytes.count - position - 4 >= length else {
            bytes.reserveCapacity(position + 4 + length)
            return nil
        }
        let start = position + 4
        position = start + length
        return (bytes[start], bytes[(start + 1)..<position])
    }

    private mutating func takeOpening() throws(WireError) {
        guard !opening.isEmpty else { return }
        let count = min(opening.count, bytes.count - position)
        guard bytes[position..<(position + count)].elementsEqual(opening.prefix(count)) else { throw garbage }
        guard count == opening.count else { return }
        position += count
        opening = []
    }

    private var garbage: WireError {
        let sample = String(decoding: bytes[position...].prefix(120), as: UTF8.self)
        return WireError("it wrote something else than messages to its standard output: \(sample.debugDescription)")
    }
}
