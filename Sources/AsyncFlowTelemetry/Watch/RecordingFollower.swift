import AsyncFlowBase

/// A reader that follows a recording as it grows, also into the files in which it continues.
struct RecordingFollower: ~Copyable {
    private enum Source {
        case unknown, plain
        case compressed(GzipStream)
    }

    /// A file that hasn't been read yet.
    private struct Part {
        /// The number of a file that was put aside; nil for the newest one.
        var number: Int?
        let path: String
    }

    private let path: String
    private var descriptor: Int32
    private var source = Source.unknown
    /// The files that were put aside and haven't been read yet, followed by the newest one.
    private var waiting: [Part]
    /// The number of the last file that was put aside and is read, or is being read.
    private var lastNumber: Int
    private(set) var reader = RunReader()
    private(set) var byteCount = 0
    private let piece = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 18)

    /// - Throws: ``RunFileError`` if the recording can't be opened.
    init(path: String) throws(RunFileError) {
        var files = Self.parts(of: path, after: 0)
        var (first, descriptor) = (Part(path: path), Int32(-1))
        repeat {
            first = files.removeFirst()
            descriptor = openForReading(first.path)
            // A file that was put aside may be removed at any time.
        } while descriptor < 0 && errno == ENOENT && !files.isEmpty
        guard descriptor >= 0 else { throw Self.unopened(path, errno) }
        self.path = path
        self.descriptor = descriptor
        waiting = files
        lastNumber = first.number ?? 0
    }

    deinit {
        close(descriptor)
        piece.deallocate()
    }

    private static func unopened(_ path: String, _ code: Int32) -> RunFileError {
        RunFileError(
            reason: code == ENOENT || code == ENOTDIR ? .missing : .unreadable,
            description: "'\(path.harmless())' can't be read: \(String(cString: strerror(code))).")
    }

    /// Returns the files behind the one with a number, the newest last.
    private static func parts(of path: String, after number: Int) -> [Part] {
        RecordingParts(of: path).numbered.filter { $0.number > number }.map { Part(number: $0.number, path: $0.path) }
            + [Part(path: path)]
    }

    /// Reads everything that is there now.
    ///
    /// - Returns: whether anything was new.
    /// - Throws: ``RunFileError`` if the file can't be read, or isn't a recording.
    mutating func advance() throws(RunFileError) -> Bool {
        let before = byteCount
        repeat { try readFile() } while try goOn()
        return byteCount > before
    }

    /// Reads what is there now of the open file.
    private mutating func readFile() throws(RunFileError) {
        while true {
            let count = try read()
            if count == 0 { return }
            byteCount += count
            reader.feed(UnsafeBufferPointer(rebasing: UnsafeBufferPointer(piece)[..<count]))
            if reader.notes.eventCount == 0, reader.notes.skippedCount >= 1000 {
                throw RunFileError(
                    reason: .foreign,
                    description: "'\(path.harmless())' isn't a recording: it contains no events.")
            }
        }
    }

    /// Opens the next file if this one is no longer the newest.
    private mutating func goOn() throws(RunFileError) -> Bool {
        if waiting.isEmpty {
            guard hasSuccessor else { return false }
            // Several may have been put aside since the last look, this one first.
            noteOwnNumber()
            waiting = Self.parts(of: path, after: lastNumber)
        }
        // By now nothing is added to this one: what was, after it was read, is there.
        try readFile()
        while !waiting.isEmpty {
            let next = waiting.removeFirst()
            let opened = openForReading(next.path)
            if opened < 0 {
                // It was removed, or put aside this moment: the next look finds that.
                if errno == ENOENT { continue }
                throw Self.unopened(path, errno)
            }
            if next.number == nil {
                let newer = Self.parts(of: path, after: lastNumber)
                if let first = newer.first, first.number != nil, !Self.isSame(opened, first.path) {
                    close(opened)
                    waiting = newer
                    continue
                }
            }
            close(descriptor)
            (descriptor, source) = (opened, .unknown)
            lastNumber = next.number ?? lastNumber
            return true
        }
        return false
    }

    /// Whether the path now has another file.
    private var hasSuccessor: Bool { access(path, F_OK) == 0 && !Self.isSame(descriptor, path) }

    /// Finds the number under which the open file was put aside.
    private mutating func noteOwnNumber() {
        for part in Self.parts(of: path, after: lastNumber) {
            if let number = part.number, Self.isSame(descriptor, part.path) { lastNumber = number }
        }
    }

    private static func isSame(_ descriptor: Int32, _ path: String) -> Bool {
        var (own, other) = (stat(), stat())
        return fstat(descriptor, &own) == 0 && stat(path, &other) == 0 && own.st_ino == other.st_ino
            && own.st_dev == other.st_dev
    }

    private mutating func read() throws(RunFileError) -> Int {
        let start = piece.baseAddress!
        switch source {
        case .plain: return try read(start, piece.count)
        case .compressed(let stream):
            let descriptor = descriptor
            let result = try stream.read(into: start, piece.count) { start, size throws(RunFileError) in
                try Self.read(descriptor, start, size, path)
            }
            guard case .success(let count) = result else {
                throw RunFileError(
                    reason: .unreadable, description: "'\(path.harmless())' isn't a gzip file, or is damaged.")
            }
            return count
        case .unknown:
            let count = try read(start, 1 << 15)
            guard count >= 2 else { return 0 }
            guard start[0] == GzipStream.magic[0], start[1] == GzipStream.magic[1] else {
                source = .plain
                return count
            }
            guard let stream = try? GzipStream() else {
                throw RunFileError(
                    reason: .unreadable, description: "There isn't enough memory to read '\(path.harmless())'.")
            }
            stream.begin(with: UnsafeBufferPointer(start: start, count: count))
            source = .compressed(stream)
            return try read()
        }
    }

    private func read(_ start: UnsafeMutablePointer<UInt8>, _ size: Int) throws(RunFileError) -> Int {
        try Self.read(descriptor, start, size, path)
    }

    private static func read(
        _ descriptor: Int32, _ start: UnsafeMutablePointer<UInt8>, _ size: Int, _ path: String
    ) throws(RunFileError) -> Int {
        while true {
            let count = systemRead(descriptor, UnsafeMutableRawBufferPointer(start: start, count: size))
            if count >= 0 { return count }
            if errno != EINTR {
                throw RunFileError(
                    reason: errno == EISDIR ? .directory : .unreadable,
                    description: "Reading '\(path.harmless())' failed: \(String(cString: strerror(errno))).")
            }
        }
    }
}

private func openForReading(_ file: String) -> Int32 { open(file, O_RDONLY | O_CLOEXEC) }
