#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Reads files that commands have written.
package enum WrittenFile {
    /// The last bytes of a file, or nothing if it can't be read.
    package static func tail(of path: String, limit: Int) -> [UInt8] {
        guard let file = try? Descriptor.open(path, O_RDONLY) else { return [] }
        var status = stat()
        guard fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return [] }
        let start = max(0, Int(status.st_size) - limit)
        return [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            while count < limit {
                let more = pread(file.number, buffer.baseAddress! + count, limit - count, off_t(start + count))
                guard more > 0 else { break }
                count += more
            }
        }
    }
}
