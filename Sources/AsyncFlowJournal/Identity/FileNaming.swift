import AsyncFlow
import AsyncFlowBase
import Crypto

/// The names of the files that calls take and make: quick names, from the files' metadata, and names by content.
///
/// A content name is computed once and kept as long as the file's metadata doesn't change.
final class FileNaming: Sendable {
    /// The maximum number of bytes of a file that is read for its content name.
    static let maximumSize: UInt64 = 1 << 30

    private struct Content {
        var facts: [FileFacts]
        var digest: [UInt8]
        /// Whether the file was read long enough after its last change.
        var isCertain: Bool
    }
    private let contents = Lock<[String: Content]>([:])

    /// The metadata of a file at one moment.
    struct Glance: Sendable {
        /// The quick name of the file: its metadata, or its URL.
        var name: [UInt8]
        /// The time from which on another change changes the quick name, in nanoseconds since 1970.
        var settled = Int64.min
    }

    /// Returns the metadata of a file, without reading the file. Nil if the file doesn't exist.
    func glance(at file: InputFile) -> Glance? {
        switch file.place {
        case .remote(let url): return Glance(name: Self.name(of: url, file))
        case .local(let path):
            return FileTree.facts(of: path).map { facts in
                Glance(name: Self.quickName(of: facts), settled: facts.map(\.settled).max() ?? .min)
            }
        }
    }

    /// The name of a file at a URL: with another checksum it is another file.
    private static func name(of url: String, _ file: InputFile) -> [UInt8] {
        Array(url.utf8) + (file.sha256.map { Array("\n\($0.lowercased())".utf8) } ?? [])
    }

    static func quickName(of facts: [FileFacts]) -> [UInt8] {
        var bytes: [UInt8] = []
        for facts in facts {
            CanonicalBytes.write(text: facts.path, to: &bytes)
            for word in [
                facts.size, UInt64(bitPattern: facts.modified), UInt64(bitPattern: facts.changed), facts.inode,
                facts.isDirectory ? 1 : 0,
            ] {
                withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
            }
        }
        // A directory may contain many files.
        return bytes.count > 512 ? Array(SHA256.hash(data: bytes)) : bytes
    }

    /// Returns the SHA-256 of a file's content, or of the names and contents in a directory. Reads the file unless the
    /// digest is known, which may take a while.
    ///
    /// - Returns: nil if the file can't be read, changes meanwhile, or is too large.
    func contentName(of file: InputFile) -> [UInt8]? {
        switch file.place {
        case .remote(let url): return Self.name(of: url, file)
        case .local(let path): return content(at: path)
        }
    }

    func content(at path: String) -> [UInt8]? {
        guard let facts = FileTree.facts(of: path) else { return nil }
        if let known = contents.withLock({ $0[path] }), known.facts == facts, known.isCertain { return known.digest }
        guard facts.reduce(0, { $0.addingSaturated($1.size) }) <= Self.maximumSize,
            let digest = Self.digest(of: facts, within: path), FileTree.facts(of: path) == facts
        else { return nil }
        let now = WallClock.nanoseconds
        let isCertain = !facts.contains { $0.isRacy(at: now) }
        contents.withLock { contents in
            if contents.count >= FileTree.maximumCount { contents.removeAll() }
            contents[path] = Content(facts: facts, digest: digest, isCertain: isCertain)
        }
        return digest
    }

    private static func digest(of facts: [FileFacts], within top: String) -> [UInt8]? {
        if facts.count == 1, let file = facts.first, !file.isDirectory { return digest(of: file.path) }
        var bytes: [UInt8] = []
        for file in facts {
            CanonicalBytes.write(text: String(file.path.dropFirst(top.count)), to: &bytes)
            bytes.append(file.isDirectory ? 1 : 0)
            if !file.isDirectory {
                guard let digest = digest(of: file.path) else { return nil }
                bytes += digest
            }
        }
        return Array(SHA256.hash(data: bytes))
    }

    private static func digest(of path: String) -> [UInt8]? {
        let descriptor = FileNameText.withPath(path) { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var hash = SHA256()
        return withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 16) { buffer -> [UInt8]? in
            while true {
                guard let count = try? retrying({ readNext(descriptor, buffer) }) else { return nil }
                if count == 0 { return Array(hash.finalize()) }
                hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
    }

    private static func readNext(_ descriptor: CInt, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        read(descriptor, buffer.baseAddress, buffer.count)
    }
}

/// The wall clock.
enum WallClock {
    /// The nanoseconds since 1970.
    static var nanoseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
