internal import CZlib

/// A writer of a gzip file (RFC 1952) that compresses piece by piece. After each piece everything before it can be
/// read, so that a run that is killed loses no more than without compression.
///
/// The state of zlib is allocated separately, because zlib keeps a pointer to it and a Swift value may move. Unchecked
/// because a recorder uses it only under its lock.
final class GzipWriter: @unchecked Sendable {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let output: UnsafeMutableBufferPointer<UInt8>

    /// Lines of recordings are so alike that zlib's higher levels save little and cost a lot.
    private static let level: Int32 = 1

    /// - Returns: nil if there is no memory for it.
    init?() {
        stream.initialize(to: z_stream())
        output = .allocate(capacity: 1 << 17)
        // 15 bits of window, and a gzip header; 9 is the most memory for the tables.
        let code = deflateInit2_(
            stream, Self.level, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        if code != Z_OK { return nil }
    }

    deinit {
        deflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
        output.deallocate()
    }

    /// Compresses a piece and writes the result.
    ///
    /// - Parameters:
    ///   - bytes: the piece; may be empty.
    ///   - ends: whether it is the last piece of the file. A piece after that begins another member, which readers of
    ///     gzip take for more of the same text.
    ///   - write: writes compressed bytes; returns the problem if it can't.
    /// - Returns: the problem, if there was one.
    func write(
        _ bytes: UnsafeRawBufferPointer, ends: Bool, _ write: (UnsafeRawBufferPointer) -> String?
    ) -> String? {
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(bytes.count)
        defer { stream.pointee.next_in = nil }
        repeat {
            stream.pointee.next_out = output.baseAddress
            stream.pointee.avail_out = UInt32(output.count)
            guard deflate(stream, ends ? Z_FINISH : Z_SYNC_FLUSH) != Z_STREAM_ERROR else {
                return "the text can't be compressed"
            }
            let count = output.count - Int(stream.pointee.avail_out)
            let made = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(output)[..<count])
            if count > 0, let problem = write(made) { return problem }
        } while stream.pointee.avail_out == 0
        if ends { _ = deflateReset(stream) }
        return nil
    }
}
