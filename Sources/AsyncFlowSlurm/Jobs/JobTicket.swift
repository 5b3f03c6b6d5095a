import AsyncFlow

/// The description by which a later run of the program finds the job of a task: where its files are, and how the
/// submissions that it may be part of are named.
struct JobTicket: Sendable, Hashable {
    /// The folder of ``JobFiles``.
    var folder: String
    /// The beginning of the submissions' names, unique to the process that made them.
    var prefix: String
    /// The task's key in that folder.
    var key: UInt64

    init(folder: String, prefix: String, key: UInt64) {
        self.folder = folder
        self.prefix = prefix
        self.key = key
    }

    var bytes: [UInt8] { Array("\(prefix)\n\(key)\n\(folder)".utf8) }

    /// - Returns: nil if the bytes aren't those of a ticket.
    init?(_ bytes: [UInt8]) {
        let parts = String(decoding: bytes, as: UTF8.self)
            .split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, Self.isPrefix(parts[0]), let key = UInt64(parts[1]), parts[2].hasPrefix("/") else {
            return nil
        }
        self.init(folder: parts[2], prefix: parts[0], key: key)
    }

    /// Whether a text can be the beginning of names that this module gives.
    static func isPrefix(_ text: String) -> Bool {
        text.utf8.count < 100 && text.utf8.starts(with: JobSubmission.namePrefix.utf8)
            && text.utf8.count > JobSubmission.namePrefix.utf8.count
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            }
    }
}
