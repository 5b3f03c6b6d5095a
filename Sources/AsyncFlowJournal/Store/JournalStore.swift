import AsyncFlowBase

/// A journal that this process writes.
///
/// Appending costs an encoding and a copy; a thread of the store's own writes and syncs in groups. When more than 64 MiB wait
/// to be written, appending waits, too. After a failed write or sync nothing is tried again on that file: a new segment takes
/// everything that isn't known to be on disk; when that fails as well, the store has failed (``failure``) and refuses
/// everything from then on.
package final class JournalStore: Sendable {
    package struct Options: Sendable {
        package var durability: JournalDurability = .background()
        /// Runs whose records are kept for explanations, at least 1; what the newest ones use is always kept.
        package var retainedRuns = 3
        /// Told once, on the store's thread, when the store fails.
        package var whenFailed: @Sendable (JournalError) -> Void = { _ in }
        /// Told while opening takes time, such as waiting for the sign of life of a holder on another host.
        package var progress: @Sendable (String) -> Void = { _ in }

        package init() {}
    }

    /// The directory's path as it was given.
    package let directory: String
    /// This run, with the generation that it has.
    package let run: RunRecord
    /// The earlier runs.
    package let contents: JournalContents
    /// The values that are too large for records.
    package let objects: ObjectStore

    /// Opens a directory for writing, and makes it if it isn't there (0700, with its missing parents).
    ///
    /// Takes the lock; waits up to 150 s where the holder is on another host and gives no sign of life. A holder that is
    /// known to be dead is taken over at once.
    ///
    /// - Throws: ``JournalError``: `locked`, `notAJournal`, `newerFormat`, `permissionDenied`, `diskFull` and others.
    package static func open(
        _ directory: String, run: RunRecord, options: Options = Options()
    ) throws(JournalError) -> JournalStore {
        throw JournalError(.unwritable, directory, "journals can't be written by this build")
    }

    init(directory: String, run: RunRecord, contents: JournalContents, objects: ObjectStore) {
        self.directory = directory
        self.run = run
        self.contents = contents
        self.objects = objects
    }

    /// Opens somebody else's directory for reading only: without a lock, while its owner may be writing.
    package static func read(_ directory: String) throws(JournalError) -> (JournalContents, ObjectStore) {
        throw JournalError(.unreadable, directory, "journals can't be read by this build")
    }

    /// The number of a definition in this run's records; the same definition has the same number. Once per definition, not
    /// per call: it takes a lock and a look-up.
    package func define(_ definition: DefinitionRecord) -> DefinitionNumber { DefinitionNumber(0) }

    /// Appends a record and returns at once; it is written within milliseconds, and synced as the durability says.
    ///
    /// - Throws: ``JournalError``: the failure after which nothing is taken any more, `closed`, or `tooLarge` for a record of
    ///   more than 1 MiB.
    package func append(_ record: JournalRecord) throws(JournalError) {
        throw JournalError(.closed, directory, "the journal is closed")
    }

    /// Appends a record and returns when it, and everything that was appended before it, is on disk.
    ///
    /// Cancellation doesn't end it: a sync takes milliseconds, and the record would be there anyway.
    package func appendSynced(_ record: JournalRecord) async throws(JournalError) { try append(record) }

    /// As ``appendSynced(_:)``, for code that can't suspend: blocks the thread.
    package func appendAndWait(_ record: JournalRecord) throws(JournalError) { try append(record) }

    /// Appends a record and calls back, on the store's thread, when it is on disk (nil) or never will be. The callback must be
    /// short.
    package func append(_ record: JournalRecord, whenSynced: @escaping @Sendable (JournalError?) -> Void) {
        whenSynced(JournalError(.closed, directory, "the journal is closed"))
    }

    /// Appends the result of a call whose value may be large: above ``JournalValue/maximumInline`` the value becomes an object
    /// first, on a thread of its own, and the record follows when the object is on disk.
    ///
    /// - Parameters:
    ///   - record: Its `value` is replaced.
    ///   - bytes: The value.
    ///   - whenSynced: As in ``append(_:whenSynced:)``; nil for the background.
    package func append(
        _ record: ResultRecord, value bytes: [UInt8], whenSynced: (@Sendable (JournalError?) -> Void)? = nil
    ) throws(JournalError) {
        throw JournalError(.closed, directory, "the journal is closed")
    }

    /// Returns when everything that was appended before is on disk, large values among it.
    package func flush() async throws(JournalError) {}

    /// As ``flush()``, blocking the thread.
    package func flushAndWait() throws(JournalError) {}

    /// Writes the end of the run, syncs, seals the segment, applies the retention, and gives up the lock. Blocks the thread.
    /// Later calls do nothing. A store that is released without it leaves its journal like a killed program.
    ///
    /// - Parameter end: Nil leaves the run without an end, as interrupted.
    package func close(_ end: EndRecord?) throws(JournalError) {}

    /// The error after which the store takes nothing any more; nil while all is well.
    package var failure: JournalError? { nil }
}
