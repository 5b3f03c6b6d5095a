import AsyncFlowBase

/// A reader that follows a recording as it grows, also into the files in which it continues.
struct RecordingFollower: ~Copyable {
    private enum Source {
        case unknown, plain
        case compressed(GzipStream)
    }

    private let path: String
    private var descriptor: Int32
    private var source = Source.unknown
    /// The files that were put aside and haven't been read yet, followed by the newest one.
    private var waiting: [String]
    private(set) var reader = RunReader()
    private(set) var byteCount = 0
    private let piece = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 18)

    /// - Throws: ``RunFileError`` if the recording can't be opened.
    init(path: String) throws(RunFileError) {
        let files = RecordingParts(of: path).found + [path]
        let descriptor = try Self.open(files[0], shownAs: path)
        self.path = path
        self.descriptor = descriptor
        waiting = Array(files.dropFirst())
    }

    deinit {
        close(descriptor)
        piece.deallocate()
    }

    private static func open(_ file: String, shownAs path: String) throws(RunFileError) -> Int32 {
        let descriptor = openForReading(file)
        guard descriptor < 0 else { return descriptor }
        let code = errno
        throw RunFileError(
            reason: code == ENOENT || code == ENOTDIR ? .missing : .unreadable,
            description: "'\(path.harmless())' can't be read: \(String(cString: strerror(code))).")
    }

    /// Reads everything that is there now.
    ///
    /// - Returns: whether anything was new.
    /// - Throws: ``RunFileError`` if the file can't be read, or isn't a recording.
    mutating func advance() throws(RunFileError) -> Bool {
        let before = byteCount
        repeat {
            while true {
                let count = try read()
                if count == 0 { break }
                byteCount += count
                reader.feed(UnsafeBufferPointer(rebasing: UnsafeBufferPointer(piece)[..<count]))
                if reader.notes.eventCount == 0, reader.notes.skippedCount >= 1000 {
                    throw RunFileError(
                        reason: .foreign,
                        description: "'\(path.harmless())' is no recording of a run: none of its lines is an event.")
                }
            }
        } while try goOn()
        return byteCount > before
    }

    /// Opens the next file if this one is no longer the newest.
    private mutating func goOn() throws(RunFileError) -> Bool {
        if waiting.isEmpty, !hasSuccessor { return false }
        let next = waiting.isEmpty ? path : waiting.removeFirst()
        let opened = try Self.open(next, shownAs: path)
        close(descriptor)
        (descriptor, source) = (opened, .unknown)
        return true
    }

    /// Whether the path now has another file.
    private var hasSuccessor: Bool {
        var (own, newest) = (stat(), stat())
        guard fstat(descriptor, &own) == 0, stat(path, &newest) == 0 else { return false }
        return own.st_ino != newest.st_ino || own.st_dev != newest.st_dev
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
                    reason: .unreadable, description: "'\(path.harmless())' isn't a gzip file, or a damaged one.")
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
                throw RunFileError(reason: .unreadable, description: "There is no memory to read '\(path.harmless())'.")
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
            let count = systemRead(descriptor, start, size)
            if count >= 0 { return count }
            if errno != EINTR {
                throw RunFileError(
                    reason: errno == EISDIR ? .directory : .unreadable,
                    description: "Reading '\(path.harmless())' failed: \(String(cString: strerror(errno))).")
            }
        }
    }
}

private func systemRead(_ descriptor: Int32, _ start: UnsafeMutablePointer<UInt8>, _ size: Int) -> Int {
    read(descriptor, start, size)
}

private func openForReading(_ file: String) -> Int32 { open(file, O_RDONLY | O_CLOEXEC) }
