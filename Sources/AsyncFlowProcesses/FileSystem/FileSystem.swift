import AsyncFlowBase

/// The operations on files and directories, one system call each; failures are ``FileError``s.
package enum FileSystem {
    package enum Kind { case file, directory, other }

    /// Returns the kind of the file at a path.
    ///
    /// - Parameter followsLinks: whether a symbolic link stands for its target instead of for itself.
    /// - Returns: nil if there is nothing, or a link to nothing.
    package static func kind(of path: String, followsLinks: Bool = true) throws(FileError) -> Kind? {
        var status = stat()
        let result = FileNameText.withPath(path) { followsLinks ? stat($0, &status) : lstat($0, &status) }
        guard result == 0 else {
            if errno == ENOENT { return nil }
            throw FileError(errno: errno, while: "looking at", path)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .directory
        default: return .other
        }
    }

    /// Returns the size of a regular file in bytes; nil for everything else, and if it can't be examined.
    package static func size(of path: String) -> Int64? {
        var status = stat()
        guard FileNameText.withPath(path, { stat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        return Int64(status.st_size)
    }

    /// Returns when the content of a file is on disk.
    package static func sync(_ path: String) throws(FileError) {
        let file = FileNameText.withPath(path) { open($0, O_RDONLY | O_CLOEXEC) }
        guard file >= 0 else { throw FileError(errno: errno, while: "opening", path) }
        defer { close(file) }
        if fsync(file) != 0 { throw FileError(errno: errno, while: "writing", path) }
    }

    /// Returns whether both paths lead to the same file or directory.
    package static func isSame(_ a: String, _ b: String) -> Bool {
        var first = stat()
        var second = stat()
        guard FileNameText.withPath(a, { stat($0, &first) }) == 0, FileNameText.withPath(b, { stat($0, &second) }) == 0
        else { return false }
        return first.st_ino == second.st_ino && first.st_dev == second.st_dev
    }

    /// Returns a name from the system as text.
    package static func text(_ name: UnsafePointer<CChar>) -> String {
        FileNameText.text(UnsafeRawBufferPointer(start: name, count: strlen(name)))
    }

    /// Makes a directory, and the directories that contain it, for this user only.
    ///
    /// - Returns: whether it was made; false if it exists already.
    @discardableResult
    package static func makeDirectory(_ path: String) throws(FileError) -> Bool {
        if make(path) { return true }
        if errno == ENOENT, let folder = folder(of: path) {
            try makeDirectory(folder)
            if make(path) { return true }
        }
        let code = errno
        if code == EEXIST || code == EROFS, try kind(of: path) == .directory { return false }
        throw FileError(errno: code == EEXIST ? ENOTDIR : code, while: "making the directory", path)
    }

    /// Makes a directory that belongs to this user, and the directories that contain it.
    ///
    /// If it exists, because code of this program has made it first, it is closed to other users.
    ///
    /// - Throws: ``FileError`` if there is something else with this name: a link, a file, another user's directory.
    package static func makeOwnDirectory(_ path: String) throws(FileError) {
        if try makeDirectory(path) { return }
        var status = stat()
        guard FileNameText.withPath(path, { lstat($0, &status) }) == 0 else {
            throw FileError(errno: errno, while: "looking at", path)
        }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
            throw FileError(
                .permissionDenied, [path],
                "making the directory '\(path)' failed: there is something of this name that isn't a directory of this "
                    + "user; choose another workDirectory")
        }
        // A file system without modes, or a read-only one, can't do better.
        if status.st_mode & 0o077 != 0 { _ = FileNameText.withPath(path) { chmod($0, 0o700) } }
    }

    private static func make(_ path: String) -> Bool { FileNameText.withPath(path) { mkdir($0, 0o700) } == 0 }

    /// Returns the path of the directory that contains something; nil if the path names none, or names the root.
    package static func folder(of path: String) -> String? {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex else { return nil }
        return String(path[..<slash])
    }

    package static func link(_ path: String, to target: String) throws(FileError) {
        let result = FileNameText.withPath(target) { target in FileNameText.withPath(path) { symlink(target, $0) } }
        guard result == 0 else { throw FileError(errno: errno, while: "making the link", path) }
    }

    /// - Returns: false if the file system can't give this file a second name.
    package static func hardlink(_ path: String, to target: String) throws(FileError) -> Bool {
        // Links are followed: the file is meant, not a name for it.
        let result = FileNameText.withPath(target) { target in
            FileNameText.withPath(path) { linkat(AT_FDCWD, target, AT_FDCWD, $0, AT_SYMLINK_FOLLOW) }
        }
        if result == 0 { return true }
        switch errno {
        case EXDEV, EPERM, EMLINK, EOPNOTSUPP: return false
        default: throw FileError(errno: errno, while: "making the hard link", path)
        }
    }

    package static func move(_ path: String, to target: String) throws(FileError) {
        let result = FileNameText.withPath(path) { path in FileNameText.withPath(target) { rename(path, $0) } }
        guard result == 0 else { throw FileError(errno: errno, while: "moving to '\(target)'", path) }
    }

    /// Deletes a file, or a directory with everything in it. Does nothing if it doesn't exist.
    package static func remove(_ path: String) throws(FileError) {
        guard try kind(of: path, followsLinks: false) == .directory else {
            guard FileNameText.withPath(path, { unlink($0) }) == 0 || errno == ENOENT else {
                throw FileError(errno: errno, while: "deleting", path)
            }
            return
        }
        for name in try contents(of: path) { try remove("\(path)/\(name)") }
        guard FileNameText.withPath(path, { rmdir($0) }) == 0 || errno == ENOENT else {
            throw FileError(errno: errno, while: "deleting", path)
        }
    }

    /// Returns the names in a directory, in order.
    package static func contents(of path: String) throws(FileError) -> [String] {
        guard let directory = FileNameText.withPath(path, { opendir($0) }) else {
            throw FileError(errno: errno, while: "listing", path)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { text($0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Returns the names within a directory that match a shell pattern, in order.
    package static func matches(of pattern: String, in directory: String) throws(FileError) -> [String] {
        // The directory's name isn't a pattern. Bytes, because a star with a combining mark is one Character.
        var escaped: [UInt8] = []
        for byte in FileNameText.bytes(directory) {
            if "*?[\\".utf8.contains(byte) { escaped.append(UInt8(ascii: "\\")) }
            escaped.append(byte)
        }
        escaped += FileNameText.bytes("/\(pattern)") + [0]
        var found = glob_t()
        defer { globfree(&found) }
        let code = escaped.map { CChar(bitPattern: $0) }.withUnsafeBufferPointer {
            glob($0.baseAddress!, 0, nil, &found)
        }
        switch code {
        case 0: break
        case GLOB_NOMATCH: return []
        default: throw FileError(errno: errno, while: "looking for '\(pattern)' in", directory)
        }
        let length = FileNameText.bytes(directory).count + 1
        let paths = UnsafeBufferPointer(start: found.gl_pathv, count: Int(found.gl_pathc))
        return paths.compactMap { $0 }.map { text(UnsafePointer($0 + length)) }
    }
}
