#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What system calls say about processors and memory.
enum SystemCounts {
    /// How many processors are online; at least one.
    static var processors: Int { max(1, Int(sysconf(CInt(_SC_NPROCESSORS_ONLN)))) }

    /// How much memory there is, in bytes; nil where a file says it.
    static var memory: Int64? {
        #if canImport(Darwin)
        var bytes: Int64 = 0
        var size = MemoryLayout<Int64>.size
        return sysctlbyname("hw.memsize", &bytes, &size, nil, 0) == 0 && bytes > 0 ? bytes : nil
        #else
        return nil
        #endif
    }
}

/// Reads small files whose size the system doesn't know beforehand, such as those in `/proc`.
enum FileBytes {
    /// - Returns: nil if the file can't be read, or is larger.
    static func read(_ path: String, atMost limit: Int) -> [UInt8]? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            bytes += chunk.prefix(count)
            if bytes.count > limit { return nil }
            if count < chunk.count { return ferror(file) == 0 ? bytes : nil }
        }
    }
}
