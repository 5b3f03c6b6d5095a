/// A journal that can't be opened, read or written.
public struct JournalError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong.
    public let reason: Reason
    /// The journal's directory, or the file in it that the error is about.
    public let path: String
    /// What was being done, what went wrong, and what can be done about it.
    public let description: String

    package init(_ reason: Reason, _ path: String, _ description: String) {
        self.reason = reason
        self.path = path
        self.description = description
    }

    /// A kind of failure. More may be added.
    public struct Reason: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// There is no journal at the path.
        public static let notFound = Reason(description: "notFound")
        /// Something else than a journal is at the path.
        public static let notAJournal = Reason(description: "notAJournal")
        /// A newer version of AsyncFlow has written it.
        public static let newerFormat = Reason(description: "newerFormat")
        /// Another process, or another engine of this one, writes it.
        public static let locked = Reason(description: "locked")
        /// Another process has taken it over while this one didn't answer.
        public static let takenOver = Reason(description: "takenOver")
        /// This process may not read or write there.
        public static let permissionDenied = Reason(description: "permissionDenied")
        /// There is no space left, or a quota is used up.
        public static let diskFull = Reason(description: "diskFull")
        /// The file system failed in another way.
        public static let unwritable = Reason(description: "unwritable")
        /// The file system couldn't be read.
        public static let unreadable = Reason(description: "unreadable")
        /// What was read isn't what was written.
        public static let damaged = Reason(description: "damaged")
        /// A record or value is larger than a journal takes.
        public static let tooLarge = Reason(description: "tooLarge")
        /// The journal has been closed.
        public static let closed = Reason(description: "closed")
    }
}
