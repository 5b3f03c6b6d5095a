public import AsyncFlow
import AsyncFlowBase

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The file of a recording, which only ever grows; compressed if its name ends in `.gz`. Only its owner can read it,
/// because it contains the program's command line.
struct RecordingFile: ~Copyable, Sendable {
    let path: String
    private var descriptor: CInt
    private var identity: Identity
    private let compression: GzipWriter?
    /// The number of bytes written to the open file.
    private(set) var byteCount: Int
    /// The number of files of this recording that were put aside.
    private var partCount: Int

    /// The identity of a file, independent of its name.
    private struct Identity: Equatable {
        let device: UInt64
        let inode: UInt64

        init(_ status: stat) {
            device = UInt64(truncatingIfNeeded: status.st_dev)
            inode = UInt64(truncatingIfNeeded: status.st_ino)
        }
    }

    /// Creates the file and its directory. If the user already has a file of that name, lines are appended to it.
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
        // A device such as /dev/null belongs to the system.
        guard status.st_uid == geteuid() || (!isFile && status.st_uid == 0) else {
            close(descriptor)
            throw TelemetryError(
                "the recording \(path) can't be written: another user has a file of that name; choose another directory"
            )
        }
        // Only opening mustn't block, which it would until a pipe has a reader.
        _ = fcntl(descriptor, F_SETFL, O_APPEND)
        return (descriptor, Identity(status))
    }

    private static func open(_ path: String) throws(TelemetryError) -> CInt {
        do {
            return try PrivateFile.create(path, O_WRONLY | O_APPEND)
        } catch  where error.code == EEXIST {
            let found = systemOpen(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            if found >= 0 { return found }
            throw TelemetryError("the recording \(path) can't be written: \(reason(errno))")
        } catch {
            throw TelemetryError("the recording \(path) can't be written: \(reason(error.code))")
        }
    }

    deinit { close(descriptor) }

    /// Whether the file is no longer at its path: it was moved, removed or replaced by another one.
    var isGone: Bool {
        var status = stat()
        return stat(path, &status) != 0 ? errno == ENOENT || errno == ENOTDIR : Identity(status) != identity
    }

    /// Continues in a new file at the path.
    mutating func reopen() throws(TelemetryError) {
        let (new, newIdentity) = try Self.make(path)
        // The open file has everything that was written, except for the last bytes of a compressed file.
        _ = finish()
        close(descriptor)
        (descriptor, identity) = (new, newIdentity)
        byteCount = 0
    }

    /// Puts the file aside and continues in a new one.
    ///
    /// - Parameter kept: the number of files put aside that are kept; nil for all.
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

    /// Writes all of the bytes.
    ///
    /// - Returns: the number of bytes that were written, and the problem if they weren't all.
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
    /// - Returns: the problem, if there is one.
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
            let count = systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: bytes[written...]))
            if count > 0 {
                written += count
            } else if count == 0 || errno != EINTR {
                return (written, reason(errno))
            }
        }
        return (written, nil)
    }

    /// Has the system write the file's contents to the disk.
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

/// An error that keeps telemetry from being started or written.
public struct TelemetryError: WorkflowError, Hashable {
    /// The action that failed, its file or directory, and the reason.
    public let message: String
    public var code: WorkflowErrorCode { .outputUnavailable }

    init(_ message: String) { self.message = message }
}
