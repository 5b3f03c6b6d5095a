import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The file of a recording, which only ever grows, compressed if its name ends in `.gz`. Nobody but its owner can read
/// it: it has the program's command line in it.
struct RecordingFile: ~Copyable, Sendable {
    let path: String
    private var descriptor: CInt
    private var identity: Identity
    private let compression: GzipWriter?
    /// How many bytes were written to the file that is open.
    private(set) var byteCount: Int
    /// How many files of this recording were put aside.
    private var partCount: Int

    /// Which file it is, whatever it is called.
    private struct Identity: Equatable {
        let device: UInt64
        let inode: UInt64

        init(_ status: stat) {
            device = UInt64(truncatingIfNeeded: status.st_dev)
            inode = UInt64(truncatingIfNeeded: status.st_ino)
        }
    }

    /// Makes the file, and the directory that it is in. If the user has a file of that name already, lines are added to
    /// it.
    init(path: String) throws(TelemetryError) {
        let isCompressed = path.hasSuffix(".gz")
        let compression = isCompressed ? GzipWriter() : nil
        if isCompressed, compression == nil {
            throw TelemetryError("the recording \(path) can't be begun: there is no memory to compress it")
        }
        let (made, its) = try Self.make(path)
        self.path = path
        self.compression = compression
        descriptor = made
        identity = its
        byteCount = 0
        partCount = 0
    }

    private static func make(_ path: String) throws(TelemetryError) -> (CInt, Identity) {
        let directory = URL(filePath: path).deletingLastPathComponent().path
        do {
            try PrivateDirectory.createPath(directory)
        } catch {
            throw TelemetryError("the directory of the recording, \(directory), can't be made: \(reason(error.code))")
        }
        let descriptor = try open(path)
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw TelemetryError("the recording \(path) can't be written: \(reason(code))")
        }
        let isFile = status.st_mode & S_IFMT == S_IFREG
        // A device such as /dev/null is the system's.
        guard status.st_uid == geteuid() || (!isFile && status.st_uid == 0) else {
            close(descriptor)
            throw TelemetryError(
                "the recording \(path) can't be written: another user has a file of that name; choose another directory"
            )
        }
        // Only the opening mustn't wait, for a pipe's reader.
        _ = fcntl(descriptor, F_SETFL, O_APPEND)
        return (descriptor, Identity(status))
    }

    private static func open(_ path: String) throws(TelemetryError) -> CInt {
        do {
            return try PrivateFile.create(path, O_WRONLY | O_APPEND)
        } catch  where error.code == EEXIST {
            #if canImport(Glibc)
            let found = Glibc.open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            #elseif canImport(Musl)
            let found = Musl.open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            #else
            let found = Darwin.open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            #endif
            if found >= 0 { return found }
            throw TelemetryError("the recording \(path) can't be written: \(reason(errno))")
        } catch {
            throw TelemetryError("the recording \(path) can't be written: \(reason(error.code))")
        }
    }

    deinit { close(descriptor) }

    /// Whether this file isn't at its path any more: it was moved or removed, or another one has taken its place.
    var isGone: Bool {
        var status = stat()
        return stat(path, &status) != 0 ? errno == ENOENT || errno == ENOTDIR : Identity(status) != identity
    }

    /// Goes on at the path, in a file that is made there.
    mutating func reopen() throws(TelemetryError) {
        let (new, newIdentity) = try Self.make(path)
        // What is open already has all that was written, but for the last bytes of a compressed file.
        _ = finish()
        close(descriptor)
        (descriptor, identity) = (new, newIdentity)
        byteCount = 0
    }

    /// Puts the file aside and goes on in a new one.
    ///
    /// - Parameter kept: how many files that were put aside are kept; nil for all.
    mutating func rotate(keeping kept: Int?) throws(TelemetryError) {
        let parts = RecordingParts(of: path)
        while access(parts.path(partCount + 1), F_OK) == 0 { partCount += 1 }
        guard rename(path, parts.path(partCount + 1)) == 0 else {
            throw TelemetryError("the recording \(path) can't be put aside: \(Self.reason(errno))")
        }
        partCount += 1
        try reopen()
        if let kept, kept < partCount { unlink(parts.path(partCount - kept)) }
    }

    /// Writes all of it.
    ///
    /// - Returns: how many bytes of it were written, and why not all, if so.
    mutating func write(_ bytes: UnsafeRawBufferPointer) -> (count: Int, problem: String?) {
        guard let compression else {
            let (count, problem) = Self.write(bytes, to: descriptor)
            byteCount += count
            return (count, problem)
        }
        let descriptor = descriptor
        var written = 0
        let problem = compression.write(bytes, ends: false) { piece in
            let (count, problem) = Self.write(piece, to: descriptor)
            written += count
            return problem
        }
        byteCount += written
        return (problem == nil ? bytes.count : 0, problem)
    }

    /// Writes the end of a compressed file.
    ///
    /// - Returns: why it can't, if so.
    mutating func finish() -> String? {
        guard let compression, byteCount > 0 else { return nil }
        let descriptor = descriptor
        return compression.write(UnsafeRawBufferPointer(start: nil, count: 0), ends: true) {
            Self.write($0, to: descriptor).problem
        }
    }

    private static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: CInt
    ) -> (count: Int, problem: String?) {
        var written = 0
        while written < bytes.count {
            #if canImport(Darwin)
            let count = Darwin.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
            #elseif canImport(Glibc)
            let count = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
            #else
            let count = Musl.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
            #endif
            if count > 0 {
                written += count
            } else if count == 0 || errno != EINTR {
                return (written, reason(errno))
            }
        }
        return (written, nil)
    }

    /// Has the system bring to the disk what was written.
    func synchronize() -> String? { fsync(descriptor) == 0 ? nil : Self.reason(errno) }

    private static func reason(_ code: CInt) -> String {
        let system = String(cString: strerror(code))
        return switch code {
        case ENOSPC: "the disk is full (\(system)); make room, or record in another directory"
        case EDQUOT: "the user's share of the disk is used up (\(system)); make room, or record in another directory"
        case EROFS: "the disk can only be read (\(system)); record in another directory"
        case EACCES, EPERM: "the user may not write there (\(system)); record in another directory"
        case ELOOP: "it is a symbolic link, which isn't followed (\(system))"
        default: system
        }
    }
}

/// What keeps telemetry from being started or written.
public struct TelemetryError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was to be done, with what, and why it can't be.
    public let description: String

    init(_ description: String) { self.description = description }
}
