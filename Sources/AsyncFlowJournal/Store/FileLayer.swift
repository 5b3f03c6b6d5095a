package import AsyncFlowBase

/// The file system operations that a journal uses, so that tests can substitute their own.
///
/// Nothing else is needed: no byte-range locks, no shared mapping, no append by several writers. Therefore a journal
/// works on network file systems.
package protocol FileLayer: Sendable {
    /// Creates a new file for reading and writing, with mode 0600; throws `EEXIST` if something exists at the path.
    func create(_ path: String) throws(SystemError) -> CInt
    /// Opens a file for reading.
    func open(_ path: String) throws(SystemError) -> CInt
    func size(_ file: CInt) throws(SystemError) -> UInt64
    /// Reads some bytes, at most as many as fit; returns 0 at the end.
    func read(_ file: CInt, into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(SystemError) -> Int
    /// Writes some of the bytes, at least one, and returns their number.
    func write(_ file: CInt, _ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) -> Int
    /// Returns when the file's content is on disk.
    func sync(_ file: CInt) throws(SystemError)
    func close(_ file: CInt) throws(SystemError)
    /// Renames a file, replacing a file with the new name.
    func rename(_ path: String, to new: String) throws(SystemError)
    /// Gives a file a second name; throws `EEXIST` if that name is taken.
    func link(_ path: String, to new: String) throws(SystemError)
    func unlink(_ path: String) throws(SystemError)
    /// Returns the names in a folder, in any order.
    func list(_ path: String) throws(SystemError) -> [String]
    /// Creates a folder with mode 0700, and its missing parents, unless it exists.
    func makeDirectory(_ path: String) throws(SystemError)
    /// Returns when the names in a folder are on disk.
    func syncDirectory(_ path: String) throws(SystemError)
}

extension FileLayer {
    /// Writes all of the bytes.
    func writeAll(_ file: CInt, _ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) {
        var (rest, at) = (bytes, offset)
        while !rest.isEmpty {
            let count = try write(file, rest, at: at)
            // A write of no bytes shouldn't happen; trying again could go on forever.
            guard count > 0 else { throw SystemError(code: EIO) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            at += UInt64(count)
        }
    }

    /// Reads until the buffer is full or the file ends, and returns the number of bytes.
    func readAll(_ file: CInt, into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(SystemError) -> Int
    {
        var count = 0
        while count < bytes.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[count...])
            let piece = try read(file, into: rest, at: offset + UInt64(count))
            if piece <= 0 { break }
            count += piece
        }
        return count
    }

    /// Returns the whole content of a file.
    ///
    /// - Throws: `EFBIG` if it is larger than the limit.
    func contents(of path: String, atMost limit: UInt64) throws(SystemError) -> [UInt8] {
        let file = try open(path)
        defer { try? close(file) }
        let size = try size(file)
        guard size <= limit else { throw SystemError(code: EFBIG) }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        var (count, failure) = (0, SystemError?.none)
        bytes.withUnsafeMutableBytes { bytes in
            do throws(SystemError) { count = try readAll(file, into: bytes, at: 0) } catch { failure = error }
        }
        if let failure { throw failure }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// Writes a new file, syncs and closes it. If that fails, the incomplete file is removed.
    func writeFile(_ path: String, _ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        let file = try create(path)
        var failure: SystemError?
        do throws(SystemError) {
            try writeAll(file, bytes, at: 0)
            try sync(file)
        } catch { failure = error }
        // Network file systems may report a full disk only here.
        do throws(SystemError) { try close(file) } catch { failure = failure ?? error }
        if let failure {
            try? unlink(path)
            throw failure
        }
    }
}

/// The system's file system.
package struct SystemFiles: FileLayer {
    package init() {}

    package func create(_ path: String) throws(SystemError) -> CInt { try PrivateFile.create(path, O_RDWR) }

    package func open(_ path: String) throws(SystemError) -> CInt {
        // O_NONBLOCK, so that opening a pipe doesn't block forever.
        let file = try retrying { AsyncFlowBase.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            _ = AsyncFlowBase.close(file)
            throw SystemError(code: EINVAL)
        }
        return file
    }

    package func size(_ file: CInt) throws(SystemError) -> UInt64 {
        var status = stat()
        try retrying { fstat(file, &status) }
        return UInt64(clamping: status.st_size)
    }

    package func read(
        _ file: CInt, into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(SystemError) -> Int {
        guard let start = bytes.baseAddress else { return 0 }
        return try retrying { pread(file, start, bytes.count, off_t(clamping: offset)) }
    }

    package func write(_ file: CInt, _ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) -> Int {
        guard let start = bytes.baseAddress else { return 0 }
        return try retrying { pwrite(file, start, bytes.count, off_t(clamping: offset)) }
    }

    package func sync(_ file: CInt) throws(SystemError) {
        #if canImport(Darwin)
        // On Darwin, fsync leaves the bytes in the drive's cache.
        if fcntl(file, F_FULLFSYNC) == 0 { return }
        try retrying { fsync(file) }
        #else
        try retrying { fdatasync(file) }
        #endif
    }

    package func close(_ file: CInt) throws(SystemError) {
        // Not retried after EINTR: the descriptor may already belong to another file.
        if AsyncFlowBase.close(file) != 0, errno != EINTR { throw .current }
    }

    package func rename(_ path: String, to new: String) throws(SystemError) {
        try retrying { AsyncFlowBase.rename(path, new) }
    }

    package func link(_ path: String, to new: String) throws(SystemError) {
        try retrying { AsyncFlowBase.link(path, new) }
    }

    package func unlink(_ path: String) throws(SystemError) { try retrying { AsyncFlowBase.unlink(path) } }

    package func list(_ path: String) throws(SystemError) -> [String] {
        guard let folder = opendir(path) else { throw .current }
        defer { closedir(folder) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(folder) else {
                if errno != 0 { throw .current }
                return names
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }

    package func makeDirectory(_ path: String) throws(SystemError) { try PrivateDirectory.createPath(path) }

    package func syncDirectory(_ path: String) throws(SystemError) {
        let folder = try retrying { AsyncFlowBase.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        defer { _ = AsyncFlowBase.close(folder) }
        do throws(SystemError) { try retrying { fsync(folder) } } catch {
            // Some file systems don't support syncing folders, and don't need it.
            if error.code != EINVAL, error.code != ENOTSUP { throw error }
        }
    }
}
