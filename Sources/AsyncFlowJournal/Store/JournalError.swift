public import AsyncFlow
import AsyncFlowBase

/// An error for a journal that can't be opened, read or written.
public struct JournalError: WorkflowError, Hashable {
    /// The kind of failure.
    public let reason: Reason
    /// The journal's directory, or the file in it that the error is about.
    public let path: String
    /// A description of the operation, the failure, and a remedy.
    public let message: String
    public var code: WorkflowErrorCode { .outputUnavailable }

    package init(_ reason: Reason, _ path: String, _ message: String) {
        self.reason = reason
        self.path = path
        self.message = message
    }

    /// A kind of failure. More may be added.
    public struct Reason: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// There is no journal at the path.
        public static let notFound = Reason(description: "notFound")
        /// Something other than a journal is at the path.
        public static let notAJournal = Reason(description: "notAJournal")
        /// A newer version of AsyncFlow has written the journal.
        public static let newerFormat = Reason(description: "newerFormat")
        /// Another process, or another engine of this process, is writing the journal.
        public static let locked = Reason(description: "locked")
        /// Another process has taken the journal over while this one didn't respond.
        public static let takenOver = Reason(description: "takenOver")
        /// This process has no permission to read or write the journal.
        public static let permissionDenied = Reason(description: "permissionDenied")
        /// There is no space left, or a quota is exhausted.
        public static let diskFull = Reason(description: "diskFull")
        /// The file system failed in another way.
        public static let unwritable = Reason(description: "unwritable")
        /// The file system couldn't be read.
        public static let unreadable = Reason(description: "unreadable")
        /// The content isn't what was written.
        public static let damaged = Reason(description: "damaged")
        /// A record or value is larger than the journal's limit.
        public static let tooLarge = Reason(description: "tooLarge")
        /// The journal has been closed.
        public static let closed = Reason(description: "closed")
    }
}

extension JournalError {
    static func notFound(_ path: String) -> JournalError {
        JournalError(.notFound, path, "there is no journal '\(path.harmless())'")
    }

    static func notAJournal(_ path: String) -> JournalError {
        JournalError(
            .notAJournal, path,
            "'\(path.harmless())' isn't a journal: it has no folder 'segments'. Nothing was changed; name another "
                + "directory, or one that doesn't exist yet")
    }

    static func newerFormat(_ path: String, _ major: UInt16, _ minor: UInt16) -> JournalError {
        JournalError(
            .newerFormat, path,
            "'\(path.harmless())' is of format \(major).\(minor), and this program reads up to "
                + "\(SegmentHeader.currentMajor).x: build it with a newer AsyncFlow. Nothing was changed")
    }

    static func reading(_ path: String, _ error: SystemError) -> JournalError {
        let reason: Reason =
            switch error.code {
            case EACCES, EPERM: .permissionDenied
            default: .unreadable
            }
        return JournalError(reason, path, "'\(path.harmless())' can't be read: \(error)")
    }

    /// - Parameter rest: The data that was kept, and further advice.
    static func writing(_ path: String, _ error: SystemError, _ rest: String = "") -> JournalError {
        let reason: Reason
        let advice: String
        switch error.code {
        case ENOSPC, EDQUOT: (reason, advice) = (.diskFull, "make room and start the program again")
        case EFBIG: (reason, advice) = (.diskFull, "raise the limit of file sizes and start the program again")
        case EACCES, EPERM: (reason, advice) = (.permissionDenied, "allow this user to write there")
        case EROFS: (reason, advice) = (.permissionDenied, "the file system is read-only: name another directory")
        default: (reason, advice) = (.unwritable, "check the system's log, and start the program again")
        }
        return JournalError(
            reason, path, "the journal '\(path.harmless())' can't be written: \(error)\(rest); \(advice)")
    }
}

extension JournalError {
    static func tooLarge(_ size: Int) -> JournalError {
        JournalError(
            .tooLarge, "", "a journal's record must be at most \(RecordLimits.record) bytes, got \(size)")
    }

    static func closed(_ path: String) -> JournalError {
        JournalError(.closed, path, "the journal '\(path.harmless())' is closed: its run has ended")
    }
}

extension JournalError {
    static func locked(_ path: String, _ newest: LockMachine.Newest, _ me: ProcessIdentity) -> JournalError {
        let holder: String
        switch newest.file {
        case nil: holder = "a process whose lock this version doesn't understand"
        case let file? where file.process == me: holder = "another engine of this process"
        case let file?:
            let program = file.program.isEmpty ? "" : " (\(file.program.harmless()))"
            holder = "process \(file.process.number)\(program) on \(file.process.host.harmless())"
        }
        return JournalError(
            .locked, path,
            "the journal '\(path.harmless())' is being written by \(holder): wait for its end, end it, or name another "
                + "directory; 'asyncflow journal show' reads it meanwhile")
    }

    static func takenOver(_ path: String, _ newest: LockMachine.Newest?) -> JournalError {
        let holder =
            newest?.file.map { "process \($0.process.number) on \($0.process.host.harmless())" } ?? "another process"
        return JournalError(
            .takenOver, path,
            "the journal '\(path.harmless())' was taken over by \(holder), since this process gave no sign of life for "
                + "minutes. Earlier records are kept; nothing more is recorded")
    }
}
