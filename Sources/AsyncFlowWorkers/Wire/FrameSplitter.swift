/// A splitter of a stream of bytes into frames: four bytes with the length of the rest, one byte with the type, and the
/// contents.
///
/// The bytes of a large frame are read to their final place and never moved.
struct FrameSplitter {
    /// The maximum length of a frame in bytes. Anything longer can't be a frame.
    static let longest = 1 << 30
    /// The maximum number of bytes before the opening: the output of a shell or a launcher when it starts.
    static let longestNoise = 64 << 10
    /// The number of bytes from which a frame gets separate memory.
    private static let largeFrame = 128 << 10

    private var bytes: [UInt8] = []
    private var position = 0
    /// The bytes that the other end sends first; empty when they have arrived.
    private var opening: [UInt8]
    /// The position up to which the opening has been searched for.
    private var searched = 0
    /// The bytes that arrived before the opening.
    private(set) var noise: [UInt8] = []
    /// A large frame of which a part has arrived.
    private var large: [UInt8] = []
    private var largeCount = 0

    /// - Parameter opening: the bytes that come before the first frame.
    init(opening: [UInt8] = []) { self.opening = opening }

    /// The bytes that have arrived so far instead of the opening, or before it.
    var unexplained: ArraySlice<UInt8> { opening.isEmpty ? noise[...] : bytes[position...] }

    /// Reads bytes to the place where they are needed.
    ///
    /// - Parameters:
    ///   - buffer: the buffer to read to if that place isn't known yet.
    ///   - read: reads, like `read(2)`.
    /// - Returns: the value that `read` returned, and the number of bytes for which there was room.
    mutating func append(
        by buffer: UnsafeMutableRawBufferPointer, _ read: (UnsafeMutableRawBufferPointer) -> Int
    ) -> (count: Int, room: Int) {
        guard largeCount < large.count else {
            let count = read(buffer)
            if count > 0 { append(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
            return (count, buffer.count)
        }
        let room = large.count - largeCount
        let start = largeCount
        let count = large.withUnsafeMutableBytes { read(UnsafeMutableRawBufferPointer(rebasing: $0[start...])) }
        if count > 0 { largeCount += count }
        return (count, room)
    }

    mutating func append(_ piece: UnsafeRawBufferPointer) {
        var piece = piece
        if largeCount < large.count {
            let part = UnsafeRawBufferPointer(rebasing: piece.prefix(large.count - largeCount))
            let start = largeCount
            large.withUnsafeMutableBytes { $0[start...].copyBytes(from: part) }
            largeCount += part.count
            piece = UnsafeRawBufferPointer(rebasing: piece[part.count...])
        }
        if piece.isEmpty { return }
        if position == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.count < 1 << 20)
            position = 0
        } else if position > 1 << 20 {
            bytes.removeFirst(position)
            position = 0
        }
        bytes.append(contentsOf: piece)
    }

    /// Returns the next complete frame, if there is one.
    ///
    /// - Throws: ``WireError`` if the stream can't be one of frames.
    mutating func next() throws(WireError) -> (type: UInt8, content: ArraySlice<UInt8>)? {
        if !opening.isEmpty { try skipToOpening() }
        if !large.isEmpty {
            guard largeCount == large.count else { return nil }
            let frame = large
            large = []
            largeCount = 0
            return (frame[0], frame[1...])
        }
        guard opening.isEmpty, bytes.count - position >= 5 else { return nil }
        let length = bytes.withUnsafeBytes {
            Int(UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: UInt32.self)))
        }
        guard length >= 1, length <= Self.longest else { throw garbage }
        let start = position + 4
        guard bytes.count - start >= length else {
            if length >= Self.largeFrame { beginLargeFrame(length) }
            return nil
        }
        position = start + length
        return (bytes[start], bytes[(start + 1)..<position])
    }

    private mutating func beginLargeFrame(_ length: Int) {
        let part = bytes[(position + 4)...]
        large = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            _ = buffer[..<part.count].update(fromContentsOf: part)
            // The rest is written before it is read.
            count = length
        }
        largeCount = part.count
        bytes.removeAll(keepingCapacity: true)
        position = 0
    }

    private mutating func skipToOpening() throws(WireError) {
        let first = opening[0]
        while bytes.count - searched >= opening.count {
            if bytes[searched] == first, bytes[searched..<(searched + opening.count)].elementsEqual(opening) {
                noise = Array(bytes[..<searched])
                position = searched + opening.count
                opening = []
                return
            }
            searched += 1
        }
        if searched > Self.longestNoise { throw garbage }
    }

    private var garbage: WireError {
        let sample = String(decoding: bytes[position...].prefix(120), as: UTF8.self)
        return WireError("it wrote something other than messages to its standard output: \(sample.debugDescription)")
    }
}
