#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What is done to files and directories, one system call each; what goes wrong is a ``FileError``.
enum FileSystem {
    enum Kind { case file, directory, other }

    /// - Parameter followsLinks: whether what a symbolic link points at is meant, instead of the link.
    /// - Returns: nil if there is nothing, or a link to nothing.
    static func kind(of path: String, followsLinks: Bool = true) throws(FileError) -> Kind? {
        var status = stat()
        guard (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0 else {
            if errno == ENOENT { return nil }
            throw FileError(errno: errno, while: "looking at", path)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .directory
        default: return .other
        }
    }

    /// Whether both paths lead to the same file or directory.
    static func isSame(_ a: String, _ b: String) -> Bool {
        var first = stat()
        var second = stat()
        return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_ino == second.st_ino
            && first.st_dev == second.st_dev
    }

    static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return String(cString: current) + "/" + path
    }

    /// Makes a directory, and those that it lies in.
    ///
    /// - Returns: whether it was made; false if there is one already.
    @discardableResult
    static func makeDirectory(_ path: String) throws(FileError) -> Bool {
        if mkdir(path, 0o777) == 0 { return true }
        if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try makeDirectory(String(path[..<slash]))
            if mkdir(path, 0o777) == 0 { return true }
        }
        let code = errno
        if code == EEXIST || code == EROFS, try kind(of: path) == .directory { return false }
        throw FileError(errno: code == EEXIST ? ENOTDIR : code, while: "making the directory", path)
    }

    static func link(_ path: String, to target: String) throws(FileError) {
        guard symlink(target, path) == 0 else { throw FileError(errno: errno, while: "making the link", path) }
    }

    /// - Returns: false where the file system can't have a second name for this file.
    static func hardlink(_ path: String, to target: String) throws(FileError) -> Bool {
        // Follows links: what is meant is the file, not a name for it.
        if linkat(AT_FDCWD, target, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 { return true }
        switch errno {
        case EXDEV, EPERM, EMLINK, EOPNOTSUPP: return false
        default: throw FileError(errno: errno, while: "making the hard link", path)
        }
    }

    static func move(_ path: String, to target: String) throws(FileError) {
        guard rename(path, target) == 0 else { throw FileError(errno: errno, while: "moving to '\(target)'", path) }
    }

    /// Deletes a file, or a directory with everything in it. Nothing there is no error.
    static func remove(_ path: String) throws(FileError) {
        guard try kind(of: path, followsLinks: false) == .directory else {
            guard unlink(path) == 0 || errno == ENOENT else { throw FileError(errno: errno, while: "deleting", path) }
            return
        }
        for name in try contents(of: path) { try remove("\(path)/\(name)") }
        guard rmdir(path) == 0 || errno == ENOENT else { throw FileError(errno: errno, while: "deleting", path) }
    }

    /// The names in a directory, in order.
    static func contents(of path: String) throws(FileError) -> [String] {
        guard let directory = opendir(path) else { throw FileError(errno: errno, while: "listing", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The names within a directory that match a pattern of the shell's kind, in order.
    static func matches(of pattern: String, in directory: String) throws(FileError) -> [String] {
        // The directory's own name is no pattern.
        let escaped = directory.map { "*?[\\".contains($0) ? "\\\($0)" : String($0) }.joined()
        var found = glob_t()
        defer { globfree(&found) }
        switch glob("\(escaped)/\(pattern)", 0, nil, &found) {
        case 0: break
        case GLOB_NOMATCH: return []
        default: throw FileError(errno: errno, while: "looking for '\(pattern)' in", directory)
        }
        let paths = UnsafeBufferPointer(start: found.gl_pathv, count: Int(found.gl_pathc))
        return paths.compactMap { $0 }.map { String(String(cString: $0).dropFirst(directory.count + 1)) }
    }
}
