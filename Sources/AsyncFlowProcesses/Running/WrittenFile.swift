package import AsyncFlowBase

/// The examination of files that commands have written.
package enum WrittenFile {
    /// Returns the reason why nothing can be written beside a file; nil if something can. On a full disk, a command
    /// can't even report that.
    ///
    /// It is determined by writing another file, so that quotas count, too.
    package static func problem(beside path: String) -> SystemError? {
        let probe = "\(path).probe"
        defer { _ = FileNameText.withPath(probe) { unlink($0) } }
        do throws(SystemError) {
            let file = try Descriptor.open(probe, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
            let page = [UInt8](repeating: 0, count: 4096)
            let number = file.number
            _ = try InputWriter.write(page[...], to: number)
            return nil
        } catch {
            return [ENOSPC, EDQUOT, EROFS, EIO].contains(error.code) ? error : nil
        }
    }

    /// Returns the last bytes of a file, or nothing if it can't be read.
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
