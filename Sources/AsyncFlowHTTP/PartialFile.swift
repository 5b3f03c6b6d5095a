import AsyncFlow
import AsyncFlowBase
import Crypto
import NIOCore
import NIOPosix

/// A file that is being fetched. It is read and written on separate threads, so that no Swift thread waits for a disk.
final class PartialFile: Sendable {
    private let path: String
    private let descriptor: CInt

    /// Opens the file, or creates it with access for this user only.
    init(_ path: String) throws(FileError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if descriptor < 0 { throw FileError(errno: errno, while: "making the file", path) }
    }

    deinit { close(descriptor) }

    func size() throws(FileError) -> Int64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("looking at") }
        return Int64(status.st_size)
    }

    func cut(to size: Int64) throws(FileError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw failure("shortening") }
    }

    func write(_ bytes: ByteBuffer, at offset: Int64) async throws {
        try await NIOThreadPool.singleton.runIfActive { [self] in
            try bytes.withUnsafeReadableBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let place = off_t(offset) + off_t(rest.startIndex)
                    let count = pwrite(
                        descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, place)
                    if count >= 0 {
                        rest = rest.dropFirst(count)
                    } else if errno != EINTR {
                        throw failure("writing")
                    }
                }
            }
        }
    }

    /// Returns the SHA-256 checksum of the whole file in lower-case hexadecimal digits.
    ///
    /// - Throws: ``FileError``; `CancellationError` if the calling Swift task is cancelled, between two parts.
    func sha256() async throws -> String {
        var hash = SHA256()
        var offset: off_t = 0
        while true {
            try Task.checkCancellation()
            let part = try await NIOThreadPool.singleton.runIfActive { [self, offset] in try read(at: offset) }
            if part.isEmpty { break }
            hash.update(data: part)
            offset += off_t(part.count)
        }
        return hash.finalize().map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    private func read(at offset: off_t) throws(FileError) -> [UInt8] {
        var error: CInt = 0
        let part = [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
            repeat {
                count = pread(descriptor, buffer.baseAddress, buffer.count, offset)
            } while count < 0 && errno == EINTR
            if count < 0 {
                error = errno
                count = 0
            }
        }
        if error != 0 { throw FileError(errno: error, while: "reading", path) }
        return part
    }

    private func failure(_ action: String) -> FileError { FileError(errno: errno, while: action, path) }
}
