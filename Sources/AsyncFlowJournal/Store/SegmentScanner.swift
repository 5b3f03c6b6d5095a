import AsyncFlowBase

/// A visitor of the frames and the damage that a ``SegmentScanner`` finds.
protocol FrameVisitor {
    /// - Parameters:
    ///   - bytes: The bytes that contain the frame, valid during the call.
    ///   - start: The position of the frame's header in the bytes.
    ///   - offset: The position of the frame in the file.
    mutating func visit(_ frame: Frame, _ bytes: UnsafeRawBufferPointer, start: Int, at offset: UInt64)
    /// - Parameter isTail: Whether no complete frame follows.
    mutating func skip(_ length: UInt64, at offset: UInt64, isTail: Bool)
}

/// A scanner that reads a segment from its beginning to its end, frame by frame, and skips damage.
///
/// Frames begin at multiples of 8 bytes. After damage the scanner looks for the next position where a frame's magic
/// number, length and checksum are right.
struct SegmentScanner<Files: FileLayer>: ~Copyable {
    private let files: Files
    private let file: CInt
    let size: UInt64
    private var window: UnsafeMutableRawBufferPointer
    private var windowStart: UInt64 = 0
    private var windowCount = 0
    /// The number of bytes that may still be checksummed in search of a frame. The limit ends the search in a file full
    /// of frame headers.
    private var budget: UInt64

    init(_ files: Files, _ path: String) throws(SystemError) {
        let file = try files.open(path)
        do throws(SystemError) { size = try files.size(file) } catch {
            try? files.close(file)
            throw error
        }
        self.files = files
        self.file = file
        budget = size.multipliedSaturated(by: 4).addingSaturated(64 << 20)
        window = .allocate(byteCount: 1 << 20, alignment: 8)
    }

    deinit {
        window.deallocate()
        try? files.close(file)
    }

    /// Returns the header; nil if it is damaged or missing.
    mutating func header() throws(SystemError) -> SegmentHeader? {
        try load(0, SegmentHeader.size)
        return SegmentHeader(UnsafeRawBufferPointer(rebasing: window[..<windowCount]))
    }

    /// Moves the window to an offset and fills it with at least this number of bytes, as far as the file has them.
    private mutating func load(_ offset: UInt64, _ count: Int) throws(SystemError) {
        if count > window.count {
            window.deallocate()
            window = .allocate(byteCount: count, alignment: 8)
            windowCount = 0
        }
        windowStart = offset
        windowCount = 0
        windowCount = try files.readAll(file, into: window, at: offset)
    }

    private var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: window[..<windowCount]) }

    /// Passes the frames after the header to a visitor.
    mutating func scan(_ visitor: inout some FrameVisitor) throws(SystemError) {
        var offset = UInt64(SegmentHeader.size)
        var damageStart: UInt64?
        try load(offset, 1)
        while offset < size {
            var at = Int(offset - windowStart)
            if windowCount - at < Frame.headerSize, windowStart + UInt64(windowCount) < size {
                try load(offset, Frame.headerSize)
                at = 0
                // The file has become shorter while it was read.
                if windowCount == 0 { break }
            }
            if let frame = Frame(header: bytes, at: at), UInt64(frame.length) <= budget {
                if windowCount - at < Frame.headerSize + frame.length, offset + UInt64(frame.size) <= size {
                    try load(offset, frame.size)
                    at = 0
                }
                if damageStart != nil { budget -= UInt64(frame.length) }
                if frame.isWhole(in: bytes, at: at) {
                    if let start = damageStart { visitor.skip(offset - start, at: start, isTail: false) }
                    damageStart = nil
                    visitor.visit(frame, bytes, start: at, at: offset)
                    offset += UInt64(frame.size)
                    continue
                }
            }
            damageStart = damageStart ?? offset
            offset = nextMagic(after: offset)
        }
        if let start = damageStart { visitor.skip(size - start, at: start, isTail: true) }
    }

    /// Returns the next multiple of 8 in the window where a frame may begin; the window's end if there is none.
    private func nextMagic(after offset: UInt64) -> UInt64 {
        var at = Int(offset - windowStart) + 8
        let bytes = bytes
        while at + 4 <= bytes.count {
            if UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)) == Frame.magic {
                return windowStart + UInt64(at)
            }
            at += 8
        }
        return windowStart + UInt64(at)
    }
}
