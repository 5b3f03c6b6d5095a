/// New files that only their owner may read, in places where another user may have put a link or a file first.
package enum PrivateFile {
    /// Creates a file with mode 0600 that isn't there yet.
    ///
    /// - Parameters:
    ///   - path: The file's path; a symbolic link there isn't followed.
    ///   - flags: How to open it, for example `O_WRONLY | O_APPEND`.
    /// - Returns: The open descriptor, closed in programs that this process starts.
    /// - Throws: The system's error; `EEXIST` if something is at the path.
    package static func create(_ path: String, _ flags: CInt = O_WRONLY) throws(SystemError) -> CInt {
        try retrying { open(path, flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600) }
    }
}

/// New folders that only their owner may read.
package enum PrivateDirectory {
    /// Creates a folder with mode 0700 that isn't there yet.
    ///
    /// - Throws: The system's error; `EEXIST` if something is at the path, so that of two callers that try the same
    ///   path only one gets the folder.
    package static func create(_ path: String) throws(SystemError) {
        try retrying { mkdir(path, 0o700) }
    }

    /// Creates a folder with mode 0700, and its missing parents, where there is none yet.
    ///
    /// - Throws: The system's error; `ENOTDIR` if a part of the path isn't a folder.
    package static func createPath(_ path: String) throws(SystemError) {
        do throws(SystemError) { try createOrFind(path) } catch {
            switch error.code {
            case ENOENT:
                var parent = path[...]
                while parent.utf8.last == UInt8(ascii: "/") { parent.unicodeScalars.removeLast() }
                guard let slash = parent.utf8.lastIndex(of: UInt8(ascii: "/")), slash > parent.startIndex else {
                    throw error
                }
                try createPath(String(parent[..<slash]))
                // Only once: where nothing can be created, as in /proc, the folder is still missing.
                try createOrFind(path)
            default: throw error
            }
        }
    }

    private static func createOrFind(_ path: String) throws(SystemError) {
        do throws(SystemError) { try create(path) } catch {
            guard error.code == EEXIST else { throw error }
            var status = stat()
            try retrying { stat(path, &status) }
            if status.st_mode & S_IFMT != S_IFDIR { throw SystemError(code: ENOTDIR) }
        }
    }
}
