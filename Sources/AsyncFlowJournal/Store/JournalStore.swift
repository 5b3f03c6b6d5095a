import AsyncFlowBase

/// A journal that this process writes.
///
/// Appending a record costs an encoding and a copy; the store's thread writes and syncs in groups. When more than 64
/// MiB wait to be written, appending waits too. After a failed write or sync nothing is retried on that file:
/// everything that isn't known to be on disk is written to a new segment. If that fails as well, the store has failed
/// (``failure``) and refuses all later records.
package final class JournalStore: Sendable {
    package struct Options: Sendable {
        package var durability: JournalDurability = .background()
        /// The retention of results that are no longer used. It is applied when a journal is opened in which most
        /// results are such, or which has many segments.
        package var retention = JournalRetention()
        package var retainedRuns: Int {
            get { retention.runs }
            set { retention.runs = max(1, newValue) }
        }
        /// Called once, on the store's thread, when the store fails.
        package var whenFailed: @Sendable (JournalError) -> Void = { _ in }
        /// Called with a message when opening takes time, for example while it waits for a sign of life of a holder on
        /// another host.
        package var progress: @Sendable (String) -> Void = { _ in }
        /// The file system operations.
        package var files: any FileLayer = SystemFiles()
        var surroundings = JournalLock.Surroundings()
        var segmentSize = SegmentWriter.segmentSize

        package init() {}
    }

    /// The directory's path as it was given.
    package let directory: String
    /// This run, with its generation. It isn't recorded if the store was opened for something other than a run.
    package let run: RunRecord
    /// The earlier runs.
    package let contents: JournalContents
    /// The values that are too large for records.
    package let objects: ObjectStore

    private let core: StoreCore
    private let objectThread = SerialThread()
    private let ended: WakeUp
    private let isClosed = Atomic(false)
    private let paths: JournalPaths
    private let options: Options

    /// Opens a directory for writing, and creates it if it doesn't exist (0700, with its missing parents).
    ///
    /// Takes the lock; waits up to 150 s if the holder is on another host and gives no sign of life. The lock of a
    /// holder that is known to be dead is taken over at once. Blocks the thread.
    ///
    /// - Parameter run: The run; nil for a change by the user, such as forgetting results.
    /// - Throws: ``JournalError``: `locked`, `notAJournal`, `newerFormat`, `permissionDenied`, `diskFull` and others.
    package static func open(
        _ directory: String, run: RunRecord?, options: Options = Options()
    ) throws(JournalError) -> JournalStore {
        let paths = JournalPaths(directory)
        let files = options.files
        try prepare(paths, files)
        let base = run?.began ?? JournalTime.now
        let lock = try JournalLock.acquire(
            paths, files, program: run?.program ?? "asyncflow", time: base, options.surroundings,
            progress: options.progress)
        do throws(JournalError) {
            return try JournalStore(directory, paths, run, base, lock, options)
        } catch {
            lock.release()
            throw error
        }
    }

    /// Creates the folders of a journal, unless the directory contains something else.
    private static func prepare(_ paths: JournalPaths, _ files: any FileLayer) throws(JournalError) {
        do throws(SystemError) {
            let names: [String]
            do throws(SystemError) { names = try files.list(paths.directory) } catch {
                guard error.code == ENOENT else { throw error }
                names = []
            }
            // There may be answers already.
            if !names.allSatisfy({ $0 == "inbox" }), !names.contains("segments"), !names.contains("lock") {
                throw SystemError(code: EEXIST)
            }
            for folder in [paths.directory, paths.segments, paths.objects, paths.lock] {
                try files.makeDirectory(folder)
            }
            try files.syncDirectory(paths.directory)
        } catch {
            switch error.code {
            case EEXIST, ENOTDIR: throw .notAJournal(paths.directory)
            default: throw .writing(paths.directory, error)
            }
        }
    }

    private init(
        _ directory: String, _ paths: JournalPaths, _ run: RunRecord?, _ base: JournalTime, _ lock: JournalLock,
        _ options: Options
    ) throws(JournalError) {
        let files = options.files
        // A change by the user doesn't compact the journal.
        let contents = run == nil ? try JournalReader.read(paths, files) : try Self.contents(paths, options)
        let isRun = run != nil
        var run = run ?? RunRecord(began: base, program: "asyncflow")
        run.generation = contents.newestGeneration + 1
        let core = StoreCore(directory: paths.directory, base: base)
        let runRecord: [JournalRecord] = isRun ? [.run(run)] : []
        var writer = SegmentWriter(
            files, paths, writer: .random(), base: base,
            nextSegment: (contents.segments.last?.name.number ?? 0) + 1,
            keepsUnsynced: options.durability != .process, segmentSize: options.segmentSize
        ) { [weak core] in runRecord + (core?.definitionRecords ?? []) }
        do throws(SystemError) {
            // The run is on disk before its first task starts.
            try writer.begin()
            try writer.sync()
        } catch {
            throw .writing(paths.directory, error)
        }
        self.directory = directory
        self.paths = paths
        self.run = run
        self.contents = contents
        self.core = core
        self.options = options
        objects = ObjectStore(paths, files)
        let ended = WakeUp()
        self.ended = ended
        let shell = Once(
            CommitThread(core, lock, options.durability, writer, whenFailed: options.whenFailed))
        do throws(SystemError) {
            try SystemThread.startDetached {
                var thread = shell.take()
                thread?.run()
                ended.signal()
            }
        } catch {
            throw .writing(paths.directory, error)
        }
    }

    deinit { if !isClosed.load(ordering: .acquiring) { core.close() } }

    /// Reads the journal, and compacts it first if that is worthwhile. A damaged journal isn't compacted, so that the
    /// damage can be examined.
    private static func contents(_ paths: JournalPaths, _ options: Options) throws(JournalError) -> JournalContents {
        let contents = try JournalReader.read(paths, options.files)
        guard contents.losses.allSatisfy({ $0.cause == .unfinished }),
            CompactionPlan.isWorthwhile(
                records: contents.recordCount, live: contents.callCount, segments: contents.segments.count)
        else { return contents }
        // If the compaction fails, the journal can still be used.
        guard (try? Compactor.run(contents, paths, options.files, options.retention)) != nil else { return contents }
        return try JournalReader.read(paths, options.files)
    }

    /// Removes results that are no longer used, without starting a run.
    ///
    /// - Parameter options: The options; the durability is ignored.
    /// - Throws: ``JournalError``; `unreadable` if a segment can't be read, since its records would be lost.
    package static func prune(_ directory: String, options: Options) throws(JournalError) -> CompactionReport {
        let paths = JournalPaths(directory)
        let files = options.files
        _ = try JournalReader.segments(of: paths, files)
        try prepare(paths, files)
        let lock = try JournalLock.acquire(
            paths, files, program: "asyncflow", time: .now, options.surroundings, progress: options.progress)
        defer { lock.release() }
        let contents = try JournalReader.read(paths, files)
        for loss in contents.losses {
            if case .unreadable = loss.cause {
                throw JournalError(
                    .unreadable, directory,
                    "the journal '\(directory.harmless())' can't be pruned, since a part of it can't be read, which "
                        + "would be lost: \(loss.description.harmless())")
            }
        }
        do throws(SystemError) { return try Compactor.run(contents, paths, files, options.retention) } catch {
            throw .writing(paths.directory, error, "; nothing was removed")
        }
    }

    /// Opens the directory of another process for reading only: without a lock, even while its owner is writing.
    package static func read(
        _ directory: String, files: any FileLayer = SystemFiles()
    ) throws(JournalError) -> (JournalContents, ObjectStore) {
        let paths = JournalPaths(directory)
        return (try JournalReader.read(paths, files), ObjectStore(paths, files))
    }

    /// Returns a description of the process that is writing a journal; nil if none is, as far as this computer can
    /// tell.
    package static func writer(of directory: String, files: any FileLayer = SystemFiles()) -> String? {
        guard let newest = try? JournalLock.newest(JournalPaths(directory), files), let file = newest.file,
            !file.isReleased, file.process.life != .dead
        else { return nil }
        let program = file.program.isEmpty ? "" : " (\(file.program.harmless()))"
        return "process \(file.process.number)\(program) on \(file.process.host.harmless())"
    }

    /// Returns the number of a definition in this run's records; equal definitions have the same number. Call it once
    /// per definition, not per call: it takes a lock and a look-up.
    package func define(_ definition: DefinitionRecord) -> DefinitionNumber { core.define(definition) }

    /// Appends a record and returns at once. It is written within milliseconds, and synced according to the durability.
    ///
    /// - Throws: ``JournalError``: the failure of the store, `closed`, or `tooLarge` for a record of more than 1 MiB.
    package func append(_ record: JournalRecord) throws(JournalError) {
        try withEncoded(record, base: core.base) { bytes throws(JournalError) in try core.append(bytes) }
    }

    /// Appends a record and returns when it, and everything that was appended before it, is on disk.
    ///
    /// Cancellation has no effect: a sync takes milliseconds, and the record would be written anyway.
    package func appendSynced(_ record: JournalRecord) async throws(JournalError) {
        let error = await withUnsafeContinuation { continuation in
            append(record) { continuation.resume(returning: $0) }
        }
        if let error { throw error }
    }

    /// Appends a record like ``appendSynced(_:)``, for code that can't suspend: blocks the thread.
    package func appendAndWait(_ record: JournalRecord) throws(JournalError) {
        try Self.waiting { append(record, whenSynced: $0) }
    }

    /// Appends a record and calls back, on the store's thread, when it is on disk (nil) or never will be. The callback
    /// must be short.
    package func append(_ record: JournalRecord, whenSynced: @escaping @Sendable (JournalError?) -> Void) {
        do throws(JournalError) {
            try withEncoded(record, base: core.base) { bytes throws(JournalError) in
                try core.append(bytes, whenSynced)
            }
        } catch {
            whenSynced(error)
        }
    }

    /// Appends the result of a call whose value may be large: a value above ``JournalValue/maximumInline`` is written
    /// as an object first, on a separate thread, and the record follows when the object is on disk.
    ///
    /// - Parameters:
    ///   - record: The record, whose `value` is replaced.
    ///   - bytes: The value.
    ///   - whenSynced: As in ``append(_:whenSynced:)``; nil to write in the background. A value that can't be written
    ///     makes the store fail.
    package func append(
        _ record: ResultRecord, value bytes: [UInt8], whenSynced: (@Sendable (JournalError?) -> Void)? = nil
    ) throws(JournalError) {
        var record = record
        if bytes.count <= JournalValue.maximumInline {
            record.value = .inline(bytes)
            guard let whenSynced else { return try append(.result(record)) }
            return append(.result(record), whenSynced: whenSynced)
        }
        if core.isRefusing { throw failure ?? .closed(directory) }
        // Checked before the value is written, as a record that is too large isn't a failure of the store.
        record.value = .object(ObjectID(bytes: []), size: UInt64(bytes.count))
        let size = JournalRecord.result(record).size(base: core.base)
        guard size <= RecordLimits.record else { throw .tooLarge(size) }
        objectThread.add(bytes: bytes.count) { [objects, core, record, options] in
            var record = record
            do throws(JournalError) {
                record.value = .object(try objects.put(bytes), size: UInt64(bytes.count))
                try withEncoded(.result(record), base: core.base) { bytes throws(JournalError) in
                    try core.append(bytes, whenSynced)
                }
            } catch {
                if core.fail(error) { options.whenFailed(error) }
                whenSynced?(error)
            }
        }
    }

    /// Returns when everything that was appended before is on disk, including large values.
    package func flush() async throws(JournalError) {
        let error = await withUnsafeContinuation { continuation in
            flush { continuation.resume(returning: $0) }
        }
        if let error { throw error }
    }

    /// Flushes like ``flush()``, but blocks the thread.
    package func flushAndWait() throws(JournalError) { try Self.waiting { flush($0) } }

    private func flush(_ callback: @escaping @Sendable (JournalError?) -> Void) {
        if objectThread.isIdle { return core.sync(callback) }
        objectThread.add(bytes: 0) { [core] in core.sync(callback) }
    }

    private static func waiting(
        _ start: (@escaping @Sendable (JournalError?) -> Void) -> Void
    ) throws(JournalError) {
        let wakeUp = WakeUp()
        let outcome = Lock<JournalError?>(nil)
        start { error in
            outcome.withLock { $0 = error }
            wakeUp.signal()
        }
        wakeUp.wait()
        if let error = outcome.withLock({ $0 }) { throw error }
    }

    /// Writes the end of the run, syncs, and releases the lock. Blocks the thread, which must not be one that
    /// ``append`` calls back on. Later calls do nothing. A store that is deallocated without being closed also syncs
    /// its records, a moment later.
    ///
    /// - Parameter end: The end of the run; nil leaves the run without an end, as if it was interrupted.
    /// - Throws: The error that made the store fail, if it had failed before or does so now.
    package func close(_ end: EndRecord?) throws(JournalError) {
        guard isClosed.exchange(true, ordering: .acquiringAndReleasing) == false else { return }
        var failed: JournalError?
        do throws(JournalError) {
            if !objectThread.isIdle { try flushAndWait() }
            if let end { try append(.end(end)) }
            try flushAndWait()
        } catch { failed = error }
        core.close()
        ended.wait()
        if let error = failed ?? failure, error.reason != .closed { throw error }
    }

    /// The error after which the store refuses all records; nil if there was none.
    package var failure: JournalError? { core.failure }
}

/// A value that can be taken out once.
private final class Once<Value: ~Copyable>: @unchecked Sendable {  // one thread puts, one takes
    private var value: Value?

    init(_ value: consuming Value) { self.value = consume value }

    func take() -> Value? {
        let taken = value.take()
        return taken
    }
}
