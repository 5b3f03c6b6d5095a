import AsyncFlowBase
import Crypto

/// A store of large values, each in a file that is named by the SHA-256 of its content and written once.
///
/// A file gets its name only when all of it is on disk, so that a named file is complete. A reader compares the content
/// with the name, so that damaged content is never used as a value.
package final class ObjectStore: Sendable {
    /// The maximum number of bytes of a value.
    package static let maximumSize: UInt64 = 1 << 40

    private let paths: JournalPaths
    private let files: any FileLayer
    /// The folders whose entries are known to be on disk.
    private let knownFolders = Lock<Set<String>>([])

    init(_ paths: JournalPaths, _ files: any FileLayer) {
        self.paths = paths
        self.files = files
    }

    private func folder(of id: ObjectID) -> String { paths.objects + "/" + HexText.digits(id.bytes.prefix(1)) }

    /// Returns the path of the file that holds a value.
    package func path(of id: ObjectID) -> String { folder(of: id) + "/" + HexText.digits(id.bytes.dropFirst()) }

    /// Writes a value, unless it exists, and returns when it is on disk under its name. Blocks the thread.
    package func put(_ bytes: [UInt8]) throws(JournalError) -> ObjectID {
        let id = Self.id(of: bytes)
        do throws(SystemError) { try put(bytes, id) } catch { throw .writing(paths.directory, error) }
        return id
    }

    private func put(_ bytes: [UInt8], _ id: ObjectID) throws(SystemError) {
        let folder = folder(of: id)
        if !knownFolders.withLock({ $0.contains(folder) }) {
            try files.makeDirectory(folder)
            try files.syncDirectory(paths.objects)
            knownFolders.withLock { _ = $0.insert(folder) }
        }
        let path = path(of: id)
        if !isWhole(path, id, bytes) {
            let temporary = folder + "/new-" + ShortDigest.random().description
            var failure: SystemError?
            bytes.withUnsafeBytes { bytes in
                do throws(SystemError) { try files.writeFile(temporary, bytes) } catch { failure = error }
            }
            if let failure { throw failure }
            do throws(SystemError) { try files.rename(temporary, to: path) } catch {
                try? files.unlink(temporary)
                throw error
            }
        }
        // Even if the file existed: its writer may have been stopped before this sync.
        try files.syncDirectory(folder)
    }

    /// Returns whether the file exists and holds this value; a damaged file is replaced.
    private func isWhole(_ path: String, _ id: ObjectID, _ bytes: [UInt8]) -> Bool {
        guard let there = try? files.contents(of: path, atMost: UInt64(bytes.count)) else { return false }
        return there == bytes
    }

    /// Returns a value after comparing it with its hash.
    ///
    /// - Throws: ``JournalError``: `notFound`, `damaged` or `unreadable`. In each case the call has to run again.
    package func get(_ id: ObjectID, size: UInt64) throws(JournalError) -> [UInt8] {
        let path = path(of: id)
        guard size <= Self.maximumSize else { throw Self.damaged(path) }
        let bytes: [UInt8]
        do throws(SystemError) { bytes = try files.contents(of: path, atMost: size) } catch {
            switch error.code {
            case ENOENT, ENOTDIR:
                throw JournalError(
                    .notFound, path, "the recorded value '\(path.harmless())' isn't there: its task runs again")
            case EFBIG: throw Self.damaged(path)
            default: throw .reading(path, error)
            }
        }
        guard UInt64(bytes.count) == size, Self.id(of: bytes) == id else { throw Self.damaged(path) }
        return bytes
    }

    private static func damaged(_ path: String) -> JournalError {
        JournalError(
            .damaged, path, "the recorded value '\(path.harmless())' isn't what was written: its task runs again")
    }

    /// Returns whether the value seems to exist, checking only its name and size.
    package func contains(_ id: ObjectID, size: UInt64) -> Bool {
        guard let file = try? files.open(path(of: id)) else { return false }
        defer { try? files.close(file) }
        return (try? files.size(file)) == size
    }

    /// Returns the SHA-256 of bytes.
    package static func id(of bytes: [UInt8]) -> ObjectID { ObjectID(bytes: SHA256.hash(data: bytes)) }

    /// Returns all values, unordered, and the paths of temporary files that writers left.
    func list() -> (ids: [ObjectID], leftovers: [String]) {
        var ids: [ObjectID] = []
        var leftovers: [String] = []
        for folder in (try? files.list(paths.objects)) ?? [] where folder.utf8.count == 2 {
            for name in (try? files.list(paths.objects + "/" + folder)) ?? [] {
                if let bytes = HexText.bytes(folder + name), bytes.count == 32 {
                    ids.append(ObjectID(bytes: bytes))
                } else if name.hasPrefix("new-") {
                    leftovers.append(paths.objects + "/" + folder + "/" + name)
                }
            }
        }
        return (ids, leftovers)
    }

    func remove(_ id: ObjectID) { try? files.unlink(path(of: id)) }
}
