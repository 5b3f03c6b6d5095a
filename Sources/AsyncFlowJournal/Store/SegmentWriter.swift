import AsyncFlowBase

/// A writer of batches into segments, used by one thread.
///
/// After a failed write or sync the kernel may have dropped data that wasn't on disk yet, and report success the next
/// time. Therefore nothing is retried on that file: everything that isn't known to be on disk is written to a new
/// segment, once.
struct SegmentWriter: ~Copyable {
    /// The size of a segment from which another one follows.
    static let segmentSize: UInt64 = 256 << 20

    /// The number of unsynced bytes after which a sync is due early.
    static let earlySync = 16 << 20

    private let files: any FileLayer
    private let paths: JournalPaths
    private let writer: ShortDigest
    private let base: JournalTime
    /// Whether frames are kept until they are synced, so that they can be written again.
    private let keepsUnsynced: Bool
    private let segmentSize: UInt64
    /// Returns the records that each segment begins with: the run and its definitions.
    private let opening: @Sendable () -> [JournalRecord]
    private var file: CInt = -1
    private var nextSegment: UInt64
    private var offset: UInt64 = 0
    /// The frames that aren't known to be on disk, concatenated.
    private var unsynced: [UInt8] = []
    /// Whether something was written since the last sync.
    private(set) var isDirty = false
    /// The number of the first record that isn't written, and of the first one that isn't synced.
    private(set) var written: UInt64 = 0
    private(set) var synced: UInt64 = 0

    init(
        _ files: any FileLayer, _ paths: JournalPaths, writer: ShortDigest, base: JournalTime, nextSegment: UInt64,
        keepsUnsynced: Bool, segmentSize: UInt64 = Self.segmentSize, opening: @escaping @Sendable () -> [JournalRecord]
    ) {
        self.files = files
        self.paths = paths
        self.writer = writer
        self.base = base
        self.nextSegment = nextSegment
        self.keepsUnsynced = keepsUnsynced
        self.segmentSize = segmentSize
        self.opening = opening
    }

    deinit { if file >= 0 { try? files.close(file) } }

    /// Whether so many bytes are unsynced that a sync is due early.
    var needsSync: Bool { unsynced.count > Self.earlySync }

    /// Creates a segment and writes its first records. After that its name is on disk.
    mutating func begin() throws(SystemError) {
        var tries = 0
        while true {
            let name = SegmentName(number: nextSegment, writer: HexText.digits(writer.low.littleEndianBytes))
            nextSegment += 1
            tries += 1
            do throws(SystemError) {
                file = try files.create(paths.segment(name))
            } catch {
                guard error.code == EEXIST, tries < 1000 else { throw error }
                continue
            }
            isDirty = true
            let header = SegmentHeader(writer: writer, number: name.number, began: base)
            try put(header.bytes, at: 0)
            offset = UInt64(SegmentHeader.size)
            break
        }
        for batch in openingBatches() { try put(batch.seal(base: base, isCounted: false)) }
        try files.syncDirectory(paths.segments)
    }

    private func openingBatches() -> [Batch] {
        var batches: [Batch] = []
        for record in opening() {
            // Definitions that are too large for a record were refused before.
            try? withEncoded(record, base: base) { bytes throws(JournalError) in
                if batches.last?.hasRoom(for: bytes.count) != true {
                    batches.append(Batch(capacity: max(bytes.count, Batch.capacity)))
                }
                batches[batches.count - 1].append(bytes)
            }
        }
        return batches
    }

    private func put(_ bytes: [UInt8], at offset: UInt64) throws(SystemError) {
        var failure: SystemError?
        bytes.withUnsafeBytes { bytes in
            do throws(SystemError) { try files.writeAll(file, bytes, at: offset) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private mutating func put(_ frame: UnsafeRawBufferPointer) throws(SystemError) {
        try files.writeAll(file, frame, at: offset)
        offset += UInt64(frame.count)
        isDirty = true
    }

    /// Writes a batch.
    mutating func write(_ batch: Batch) throws(SystemError) {
        if offset >= segmentSize {
            try sync()
            try end()
            try begin()
        }
        let frame = batch.seal(base: base)
        if keepsUnsynced { unsynced.append(contentsOf: frame) }
        do throws(SystemError) { try put(frame) } catch {
            guard keepsUnsynced else { throw error }
            try startOver()
        }
        written = batch.endNumber
    }

    /// Returns when all written records are on disk.
    mutating func sync() throws(SystemError) {
        if isDirty {
            do throws(SystemError) { try files.sync(file) } catch {
                guard keepsUnsynced else { throw error }
                try startOver()
                try files.sync(file)
            }
            isDirty = false
        }
        synced = written
        unsynced.removeAll(keepingCapacity: unsynced.count < Self.earlySync * 2)
    }

    /// Abandons the segment and writes the records that aren't known to be on disk into a new one.
    private mutating func startOver() throws(SystemError) {
        let broken = file
        file = -1
        try? files.close(broken)
        do throws(SystemError) {
            try begin()
            try put(unsynced, at: offset)
            offset += UInt64(unsynced.count)
        } catch {
            if file >= 0 { try? files.close(file) }
            file = -1
            throw error
        }
    }

    /// Closes the segment; call ``sync()`` first.
    mutating func end() throws(SystemError) {
        let ended = file
        file = -1
        if ended >= 0 { try files.close(ended) }
    }
}
