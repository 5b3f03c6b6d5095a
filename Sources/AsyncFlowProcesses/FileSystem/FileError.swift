import AsyncFlowBase

/// The error of a file that couldn't be staged, made, fetched or found.
public struct FileError: WorkflowError, Hashable {
    /// The kind of failure.
    public let reason: Reason
    /// The paths, names or URLs that it is about, at least one. User info and query values of URLs are omitted.
    public let paths: [String]
    /// The first of ``paths``.
    public var path: String { paths.first ?? "" }
    /// A description of what was being done, what went wrong, and what can be done about it.
    public let message: String
    public var code: WorkflowErrorCode { .fileFailed }

    /// Creates an error, for file sources to report what they couldn't do.
    public init(_ reason: Reason, _ paths: [String], _ message: String) {
        self.reason = reason
        self.paths = paths
        self.message = message
    }
}

extension FileError {
    /// A kind of failure. New kinds may be added.
    public struct Reason: Sendable, Hashable, CustomStringConvertible {
        package enum Kind: Sendable, Hashable {
            case notFound, isDirectory, notADirectory, notAFile, permissionDenied, diskFull, readOnly
            case nameClash, invalidName, missingOutput, tooManyOutputs
            case invalidChecksum, checksumMismatch(expected: String, actual: String)
            case unsupportedScheme(String), httpStatus(Int), truncated, tooLarge, transferFailed, system(CInt)
        }
        package let kind: Kind
        public var description: String { "\(kind)" }

        /// There is no such file.
        public static let notFound = Reason(kind: .notFound)
        /// A file was expected, but it is a directory.
        public static let isDirectory = Reason(kind: .isDirectory)
        /// A directory was expected, but it is something else.
        public static let notADirectory = Reason(kind: .notADirectory)
        /// It is neither a file nor a directory, and can't be copied.
        public static let notAFile = Reason(kind: .notAFile)
        /// This process isn't allowed to read or write there.
        public static let permissionDenied = Reason(kind: .permissionDenied)
        /// There is no space left, or a quota is used up.
        public static let diskFull = Reason(kind: .diskFull)
        /// The file system can't be written to.
        public static let readOnly = Reason(kind: .readOnly)
        /// Two files would have the same name in a task's working directory.
        public static let nameClash = Reason(kind: .nameClash)
        /// A text can't be the name or the location of a file.
        public static let invalidName = Reason(kind: .invalidName)
        /// A task succeeded without having made the files that it declares.
        public static let missingOutput = Reason(kind: .missingOutput)
        /// A pattern matches several files where the task's value is one.
        public static let tooManyOutputs = Reason(kind: .tooManyOutputs)
        /// A text isn't a checksum, or the file isn't one that is compared with a checksum.
        public static let invalidChecksum = Reason(kind: .invalidChecksum)
        /// A fetched file doesn't have the expected checksum. Both checksums are SHA-256, in hexadecimal digits.
        public static func checksumMismatch(expected: String, actual: String) -> Reason {
            Reason(kind: .checksumMismatch(expected: expected, actual: actual))
        }
        /// No file source of the engine can fetch URLs of this scheme.
        public static func unsupportedScheme(_ scheme: String) -> Reason { Reason(kind: .unsupportedScheme(scheme)) }
        /// A server answered with this status.
        public static func httpStatus(_ code: Int) -> Reason { Reason(kind: .httpStatus(code)) }
        /// A download ended before it was complete.
        public static let truncated = Reason(kind: .truncated)
        /// A download has more bytes than it may have.
        public static let tooLarge = Reason(kind: .tooLarge)
        /// A server couldn't be reached, or a connection broke.
        public static let transferFailed = Reason(kind: .transferFailed)
        /// Another error of the system.
        public static func system(errno: Int32) -> Reason { Reason(kind: .system(errno)) }
    }
}

extension FileError {
    /// Creates the error of a failed system call about a file.
    ///
    /// - Parameters:
    ///   - errno: the system's error number.
    ///   - action: the action that failed, as in `linking`.
    ///   - path: the file or directory.
    package init(errno: CInt, while action: String, _ path: String) {
        let meaning: (Reason, String)? =
            switch errno {
            case ENOENT: (.notFound, "there is no such file; relative paths begin at this process's current directory")
            case EISDIR: (.isDirectory, "it is a directory")
            case ENOTDIR: (.notADirectory, "a part of the path is not a directory")
            case EACCES, EPERM: (.permissionDenied, "permission denied; check its owner, mode and folders")
            case ENOSPC: (.diskFull, "no space left on the device; free some, or choose another workDirectory")
            case EDQUOT: (.diskFull, "the disk quota is used up; free some space, or choose another workDirectory")
            case EROFS: (.readOnly, "the file system is read-only; choose a workDirectory that can be written to")
            case ENAMETOOLONG: (.invalidName, "the name is too long for the file system")
            default: nil
            }
        let (reason, text) = meaning ?? (.system(errno: errno), String(cString: strerror(errno)))
        self.init(reason, [path], "\(action) '\(path)' failed: \(text)")
    }
}
