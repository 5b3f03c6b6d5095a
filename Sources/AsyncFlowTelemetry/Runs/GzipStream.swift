internal import CZlib

/// A reader of gzip files (RFC 1952) that decompresses piece by piece; consecutive members form one text.
///
/// The state of zlib is allocated separately, because zlib keeps a pointer to it and a Swift value may move.
final class GzipStream {
    enum Failure: Error { case corrupt, memory }

    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let input: UnsafeMutableBufferPointer<UInt8>
    /// Whether a member has started and not ended; at the end of the file, this means that it was cut off.
    private(set) var isInMember = false

    private var hasMember = false

    /// The two bytes that every gzip file begins with.
    static let magic: [UInt8] = [0x1F, 0x8B]

    init() throws(Failure) {
        input = .allocate(capacity: 1 << 16)
        stream.initialize(to: z_stream())
        // 15 bits of window, and a gzip header.
        guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw .memory
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
        input.deallocate()
    }

    /// Takes bytes of the file that were read already, before further ones are read.
    func begin(with bytes: UnsafeBufferPointer<UInt8>) {
        precondition(bytes.count <= input.count && stream.pointee.avail_in == 0)
        _ = input.update(fromContentsOf: bytes)
        give(bytes.count)
    }

    private func give(_ count: Int) {
        stream.pointee.next_in = input.baseAddress
        stream.pointee.avail_in = UInt32(count)
    }

    /// Decompresses text into a part of the memory.
    ///
    /// - Parameter read: reads more of the file into memory; 0 at its end.
    /// - Returns: the number of bytes of text; 0 at the end.
    func read<E: Error>(
        into start: UnsafeMutablePointer<UInt8>, _ size: Int,
        _ read: (UnsafeMutablePointer<UInt8>, Int) throws(E) -> Int
    ) throws(E) -> Result<Int, Failure> {
        let size = min(size, 1 << 30)
        stream.pointee.next_out = start
        stream.pointee.avail_out = UInt32(size)
        while stream.pointee.avail_out == size {
            if stream.pointee.avail_in == 0 {
                let count = try read(input.baseAddress!, input.count)
                if count == 0 { return .success(0) }
                give(count)
            }
            let isBetween = hasMember && !isInMember
            isInMember = true
            switch inflate(stream, Z_NO_FLUSH) {
            case Z_OK, Z_BUF_ERROR: break
            case Z_STREAM_END:
                (isInMember, hasMember) = (false, true)
                guard inflateReset(stream) == Z_OK else { return .failure(.corrupt) }
            case Z_MEM_ERROR: return .failure(.memory)
            // Bytes after the last member aren't part of the text; some programs pad files with zeros.
            case _ where isBetween: return .success(0)
            default: return .failure(.corrupt)
            }
        }
        return .success(size - Int(stream.pointee.avail_out))
    }
}
