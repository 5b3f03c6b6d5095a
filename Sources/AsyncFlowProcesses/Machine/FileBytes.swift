import AsyncFlowBase

/// Reading of small files whose size the system doesn't know beforehand, such as those in `/proc`.
package enum FileBytes {
    /// Reads a file.
    ///
    /// - Returns: nil if the file can't be read or is larger than the limit.
    package static func read(_ path: String, atMost limit: Int) -> [UInt8]? {
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
