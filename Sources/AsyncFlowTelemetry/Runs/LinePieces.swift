import AsyncFlowBase

/// A piece of a file, in memory that is reused.
final class LinePiece {
    fileprivate(set) var bytes: UnsafeMutableBufferPointer<UInt8>
    fileprivate(set) var count = 0

    init(capacity: Int) { bytes = .allocate(capacity: capacity) }
    deinit { bytes.deallocate() }

    var content: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: bytes[..<count]) }

    fileprivate func reserve(_ capacity: Int) {
        guard capacity > bytes.count else { return }
        let larger = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(capacity, 2 * bytes.count))
        _ = larger.update(fromContentsOf: bytes[..<count])
        bytes.deallocate()
        bytes = larger
    }

    fileprivate func append(_ more: UnsafeBufferPointer<UInt8>) {
        reserve(count + more.count)
        guard let start = more.baseAddress else { return }
        memcpy(bytes.baseAddress! + count, start, more.count)
        count += more.count
    }
}

/// A reader of a file in pieces that end at line ends.
struct LinePieces {
    enum Failure: Error {
        /// The system's error.
        case system(Int32)
        /// A compressed file is damaged from here on.
        case corrupt
    }

    private enum Source {
        /// Nothing has been read yet.
        case unknown
        case plain
        case compressed(GzipStream)
    }

    private var descriptor: Int32
    /// Opens the next file whose lines follow; nil after the last one.
    private let following: () throws(Failure) -> Int32?
    private var endsWithLine = true
    /// The number of bytes that are read at once; a piece has more if its last line needs it.
    private let size: Int
    private(set) var byteCount = 0
    /// The beginning of a line whose end hasn't been read yet; after the end of the file, a line that was cut off.
    private(set) var rest: [UInt8] = []
    private(set) var isAtEnd = false
    private var isSkippingLine = false
    private var source = Source.unknown

    /// The text that stands for a line that is too long; it isn't an event either.
    private static let skippedLine: [UInt8] = [0x21]

    /// - Parameters:
    ///   - descriptor: the first file.
    ///   - size: the number of bytes that are read at once.
    ///   - following: opens the next file whose lines follow, and closes the one before; nil after the last one.
    init(
        _ descriptor: Int32, size: Int,
        following: @escaping () throws(Failure) -> Int32? = { () throws(Failure) in nil }
    ) {
        self.descriptor = descriptor
        self.size = size
        self.following = following
    }

    /// Reads the next lines, or none if the file has no more of them.
    mutating func next(into piece: LinePiece) throws(Failure) {
        piece.count = 0
        rest.withUnsafeBufferPointer { piece.append($0) }
        rest.removeAll(keepingCapacity: true)
        while !isAtEnd {
            piece.reserve(piece.count + size)
            let start = piece.count
            var count = try readText(piece.bytes.baseAddress! + start)
            if count > 0 {
                endsWithLine = piece.bytes[start + count - 1] == 0x0A
            } else if let next = try following() {
                (descriptor, source) = (next, .unknown)
                // A line that was cut off at the end of a file doesn't continue in the next file.
                if endsWithLine { continue }
                piece.bytes[start] = 0x0A
                (count, endsWithLine) = (1, true)
            }
            byteCount += count
            if count == 0 {
                isAtEnd = true
                break
            }
            piece.count += count
            if isSkippingLine { skip(piece, from: start) }
            var end = piece.count
            while end > start, piece.bytes[end - 1] != 0x0A { end -= 1 }
            if end > start {
                keep(piece, from: end)
                return
            }
            if piece.count > RunReader.longestLine {
                isSkippingLine = true
                piece.count = 0
            }
        }
        if isSkippingLine { piece.count = 0 }
        keep(piece, from: 0)
        if isSkippingLine { rest = Self.skippedLine }
        isSkippingLine = false
    }

    private mutating func keep(_ piece: LinePiece, from end: Int) {
        rest.append(contentsOf: piece.bytes[end..<piece.count])
        piece.count = end
    }

    /// Leaves out the rest of a line that is too long.
    private mutating func skip(_ piece: LinePiece, from start: Int) {
        guard let end = piece.bytes[start..<piece.count].firstIndex(of: 0x0A) else {
            piece.count = start
            return
        }
        isSkippingLine = false
        let following = Array(piece.bytes[end..<piece.count])
        piece.count = start
        Self.skippedLine.withUnsafeBufferPointer { piece.append($0) }
        following.withUnsafeBufferPointer { piece.append($0) }
    }

    /// Reads some of the text, which may be compressed in the file.
    private mutating func readText(_ start: UnsafeMutablePointer<UInt8>) throws(Failure) -> Int {
        switch source {
        case .plain: return try read(start, size)
        case .compressed(let stream):
            switch try stream.read(into: start, size, { start, size throws(Failure) in try read(start, size) }) {
            case .success(let count): return count
            case .failure(.corrupt): throw .corrupt
            case .failure(.memory): throw .system(ENOMEM)
            }
        case .unknown:
            var count = try read(start, min(size, 1 << 15))
            // The two bytes of the magic number may arrive separately from a pipe.
            if count == 1, start[0] == GzipStream.magic[0] { count += try read(start + 1, 1) }
            guard count >= 2, start[0] == GzipStream.magic[0], start[1] == GzipStream.magic[1] else {
                source = .plain
                return count
            }
            guard let stream = try? GzipStream() else { throw .system(ENOMEM) }
            stream.begin(with: UnsafeBufferPointer(start: start, count: count))
            source = .compressed(stream)
            return try readText(start)
        }
    }

    private func read(_ start: UnsafeMutablePointer<UInt8>, _ size: Int) throws(Failure) -> Int {
        while true {
            let count = systemRead(descriptor, UnsafeMutableRawBufferPointer(start: start, count: size))
            if count >= 0 { return count }
            let code = errno
            if code != EINTR { throw .system(code) }
        }
    }
}
