import AsyncFlow
import AsyncFlowBase

/// The metadata of a file, from which a change is noticed without reading the file.
///
/// It includes the time of the last change of the file's state (`ctime`), which no program can set back. Therefore a
/// file that was changed and given its old modification time is noticed. The time also changes with a file's mode and
/// its number of names; then the contents are compared.
struct FileFacts: Sendable, Hashable, Codable {
    var path: String
    var size: UInt64
    /// The last modification of the content, in nanoseconds since 1970.
    var modified: Int64
    /// The last change of the file's state, in nanoseconds since 1970.
    var changed: Int64
    var inode: UInt64
    var isDirectory = false

    /// The time from which on another change changes at least one of the properties, in nanoseconds since 1970. The
    /// clock of a file system advances in steps of some milliseconds, or of up to two seconds where its times have no
    /// fractions.
    var settled: Int64 {
        let second: Int64 = 1_000_000_000
        let hasFractions = modified % second != 0 || changed % second != 0
        return min(max(modified, changed), .max - 2 * second) + (hasFractions ? second / 50 : second * 2)
    }

    /// Returns whether the last change is so recent that another change might leave all properties the same.
    func isRacy(at now: Int64) -> Bool { now < settled }

    /// - Returns: nil if there is nothing at the path, or something that is neither a file nor a directory.
    init?(of path: String) {
        var status = stat()
        guard FileNameText.withPath(path, { stat($0, &status) }) == 0 else { return nil }
        self.init(path, status)
    }

    fileprivate init?(_ path: String, _ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: isDirectory = true
        default: return nil
        }
        self.path = path
        size = isDirectory ? 0 : UInt64(clamping: status.st_size)
        #if canImport(Darwin)
        (modified, changed) = (Self.nanoseconds(status.st_mtimespec), Self.nanoseconds(status.st_ctimespec))
        #else
        (modified, changed) = (Self.nanoseconds(status.st_mtim), Self.nanoseconds(status.st_ctim))
        #endif
        inode = UInt64(status.st_ino)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000).partialValue &+ Int64(time.tv_nsec)
    }
}

/// The files that a file or directory consists of.
enum FileTree {
    /// The maximum number of files in a directory that can be named. Calls that take a larger one aren't recorded.
    static let maximumCount = 100_000

    /// Returns the facts of the file, or of the directory and everything in it, sorted by path.
    ///
    /// - Returns: nil if something is missing, unreadable, or neither a file nor a directory, or if there are too many
    ///   files.
    static func facts(of path: String) -> [FileFacts]? {
        guard let top = FileFacts(of: path) else { return nil }
        var all = [top]
        guard top.isDirectory else { return all }
        var folders = [path]
        var inodes: Set = [top.inode]
        while let folder = folders.popLast() {
            guard let names = names(in: folder) else { return nil }
            for name in names {
                guard all.count < maximumCount, let facts = FileFacts(of: "\(folder)/\(name)") else { return nil }
                all.append(facts)
                if facts.isDirectory {
                    // A link to an enclosing directory would never end.
                    guard inodes.insert(facts.inode).inserted else { return nil }
                    folders.append(facts.path)
                }
            }
        }
        return all.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    private static func names(in folder: String) -> [String]? {
        guard let directory = FileNameText.withPath(folder, { opendir($0) }) else { return nil }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { FileNameText.text($0.prefix { $0 != 0 }) }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
