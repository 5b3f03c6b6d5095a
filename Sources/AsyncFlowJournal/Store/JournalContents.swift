import AsyncFlowBase

/// The records of earlier runs, as they were when the journal was opened.
///
/// Only an index is in memory, about 24 bytes per call; records are read and decoded on demand. Safe to use from many
/// threads.
package final class JournalContents: Sendable {
    /// The runs in their order, each with its end if it has one.
    package let runs: [(run: RunRecord, end: EndRecord?)]
    /// The parts of segments that couldn't be used; empty for a journal without damage.
    package let losses: [JournalLoss]
    /// The number of records that could be read.
    package let recordCount: UInt64
    /// The segments' file names and sizes in bytes, in their order.
    package let segmentSizes: [(file: String, size: UInt64)]

    let index: CallIndex
    let regions: [Region]
    let segments: [JournalIndexer.Segment]
    let newestGeneration: UInt64
    private let runStarts: [(entry: Int, run: Int)]
    private let regionRuns: [Int]
    private let paths: JournalPaths
    private let files: any FileLayer
    private let cache = RegionCache()
    private let keys = Lock<KeyTable?>(nil)

    init(_ indexer: consuming JournalIndexer, _ paths: JournalPaths, _ files: any FileLayer) {
        // Sorted by number: an interrupted compaction leaves an old segment beside the new one.
        let found = indexer.runs
        let order = found.indices.sorted {
            (found[$0].record.generation, found[$0].record.began, $0)
                < (found[$1].record.generation, found[$1].record.began, $1)
        }
        var place = [Int](repeating: -1, count: found.count)
        for (new, old) in order.enumerated() { place[old] = new }
        runs = order.map { (found[$0].record, found[$0].end) }
        losses = indexer.losses
        recordCount = indexer.recordCount
        newestGeneration = indexer.newestGeneration
        regions = indexer.regions
        segments = indexer.segments
        segmentSizes = indexer.segments.map { ($0.name.fileName, $0.size) }
        runStarts = indexer.runStarts.map { ($0.entry, $0.run < 0 ? -1 : place[$0.run]) }
        regionRuns = indexer.regionRuns.map { $0 < 0 ? -1 : place[$0] }
        index = indexer.index
        self.paths = paths
        self.files = files
    }

    /// The number of ended calls that can be found.
    package var callCount: Int { index.count }

    /// Returns the record that counts for a call: `.result`, `.failure` or `.cancelled`.
    ///
    /// The record of the newest run counts; within a run, the first one, or the one with a value. Forgotten and
    /// superseded records aren't found.
    ///
    /// - Parameter withParts: Whether the parts of the key are decoded, which are half of the work.
    /// - Returns: nil if there is none, or if it can no longer be read.
    package func outcome(of call: CallID, withParts: Bool = true) -> JournalEntry? {
        guard let position = index.find(call), let entry = self[position, withParts: withParts],
            entry.record.header?.call == call
        else { return nil }
        return entry
    }

    /// Whether an end of the call is recorded in a run or in a later one.
    package func hasOutcome(of call: CallID, sinceRun run: Int) -> Bool {
        index.find(call).map { self.run(ofEntry: $0) >= run } ?? false
    }

    /// Returns the calls that were started and haven't ended since. An end counts although it was forgotten.
    ///
    /// - Parameter calls: The calls that are of interest.
    func unended(of calls: Set<CallID>, unreadable: (SystemError) -> Void = { _ in }) -> Set<CallID> {
        if calls.isEmpty { return [] }
        var unended: Set<CallID> = []
        forEachRaw([.started, .result, .failure], unreadable: unreadable) { record, _, _ in
            guard let call = record.header?.call, calls.contains(call) else { return true }
            if case .started = record { unended.insert(call) } else { unended.remove(call) }
            return true
        }
        return unended
    }

    /// Returns the outcomes of all calls with this key, in the order in which they were recorded: for `.cached` tasks
    /// and adoption.
    ///
    /// The first use reads the whole journal.
    package func outcomes(withKey key: CallKey) -> [JournalEntry] {
        Array(positions(withKey: key)).compactMap { outcome(at: $0, withKey: key) }
    }

    /// Returns the positions of the outcomes that may have this key, without reading them.
    func positions(withKey key: CallKey) -> some RandomAccessCollection<Int> {
        let table = keys.withLock { keys in
            if let keys { return keys }
            let table = KeyTable(self)
            keys = table
            return table
        }
        return table.positions(of: key)
    }

    /// Returns the outcome at one of these positions; nil if it has another key or can't be read.
    func outcome(at position: Int, withKey key: CallKey) -> JournalEntry? {
        guard let entry = self[position, withParts: true], entry.record.header?.key == key else { return nil }
        return entry
    }

    /// Calls a function with all records in their order, decoded one at a time, including those that were forgotten,
    /// superseded or replaced.
    ///
    /// - Parameters:
    ///   - kinds: The kinds of records to pass on; other records are skipped without being decoded. Nil for all.
    ///   - body: The function; it returns false to end.
    package func forEach(_ kinds: Set<JournalRecordKind>? = nil, _ body: (JournalEntry) throws -> Bool) rethrows {
        try forEachRaw(kinds) { record, place, run in
            let definitions = segments[regions[place.region].segment].definitions
            return try body(
                JournalEntry(
                    record: record, definition: record.header.flatMap { definitions[$0.definition.value] }, run: run))
        }
    }

    /// Calls a function with the outcome that counts of each call that can be found, in the order in which they were
    /// recorded.
    package func forEachCounting(_ body: (JournalEntry) -> Void) {
        for position in index.locations.indices {
            if let entry = self[position, withParts: true] { body(entry) }
        }
    }

    /// The place of a record, as the index has it.
    struct Place: Comparable {
        var region: Int
        var offset: Int

        static func < (one: Place, other: Place) -> Bool {
            (one.region, one.offset) < (other.region, other.offset)
        }
    }

    /// Calls a function like ``forEach(_:_:)``, with locations instead of definitions.
    ///
    /// - Parameter unreadable: Called for a part that could be read when the journal was opened and can't be read now.
    ///   Its records are skipped.
    func forEachRaw(
        _ kinds: Set<JournalRecordKind>? = nil, unreadable: (SystemError) -> Void = { _ in },
        _ body: (_ record: JournalRecord, _ place: Place, _ run: Int) throws -> Bool
    ) rethrows {
        var wanted = [Bool](repeating: kinds == nil, count: 256)
        for kind in kinds ?? [] { wanted[Int(kind.rawValue)] = true }
        for number in regions.indices {
            var run = regionRuns[number]
            let bytes: RegionBytes
            do throws(SystemError) { bytes = try read(number) } catch {
                unreadable(error)
                continue
            }
            if !bytes.isWhole { unreadable(SystemError(code: EIO)) }
            let goesOn = try bytes.forEach { record, base, offset in
                let kind = record[0]
                guard wanted[Int(kind)] || kind == JournalRecordKind.run.rawValue,
                    let decoded = try? JournalRecord.decode(record, base: base)
                else { return true }
                if case .run(let record) = decoded {
                    run = runs.firstIndex { $0.run.id == record.id } ?? -1
                    if !wanted[Int(kind)] { return true }
                }
                return try body(decoded, Place(region: number, offset: offset), run)
            }
            if !goesOn { return }
        }
    }

    /// Calls a function with the header of each record that counts, in their order, and its position in the index.
    func forEachOutcome(_ body: (Int, CallHeader, Region) -> Void) {
        for (position, location) in index.locations.enumerated() where location != .dropped {
            guard let bytes = try? bytes(of: location.region),
                let header = bytes.record(at: location.offset, { record, _ in try? CallHeader.decode(record) })
            else { continue }
            body(position, header, regions[location.region])
        }
    }

    /// The record at a position of the index.
    subscript(position: Int, withParts withParts: Bool) -> JournalEntry? {
        let location = index.locations[position]
        guard location != .dropped, let bytes = try? bytes(of: location.region),
            let record = bytes.record(
                at: location.offset, { try? JournalRecord.decode($0, base: $1, withParts: withParts) }),
            let header = record.header
        else { return nil }
        return JournalEntry(
            record: record,
            definition: segments[regions[location.region].segment].definitions[header.definition.value],
            run: run(ofEntry: position))
    }

    func run(ofEntry position: Int) -> Int {
        var (low, high) = (0, runStarts.count)
        while low < high {
            let middle = (low + high) / 2
            if runStarts[middle].entry <= position { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? -1 : runStarts[low - 1].run
    }

    private func bytes(of region: Int) throws(SystemError) -> RegionBytes {
        try cache.bytes(of: region) { () throws(SystemError) in try read(region) }
    }

    private func read(_ number: Int) throws(SystemError) -> RegionBytes {
        let region = regions[number]
        return try RegionBytes(region, of: paths.segment(segments[region.segment].name), files)
    }

    /// The positions of calls by key, in a sorted array, since it is built once.
    private struct KeyTable: Sendable {
        private var entries: [(key: UInt64, position: UInt32)] = []

        init(_ contents: JournalContents) {
            entries.reserveCapacity(contents.callCount)
            contents.forEachOutcome { position, header, _ in entries.append((header.key.low, UInt32(position))) }
            entries.sort { ($0.key, $0.position) < ($1.key, $1.position) }
        }

        func positions(of key: CallKey) -> some RandomAccessCollection<Int> {
            let start = first { $0 >= key.low }
            let end = first { $0 > key.low }
            return entries[start..<end].lazy.map { Int($0.position) }
        }

        /// Returns the index of the first entry whose key satisfies a condition that all later keys satisfy, too.
        private func first(where isThere: (UInt64) -> Bool) -> Int {
            var (low, high) = (0, entries.count)
            while low < high {
                let middle = (low + high) / 2
                if isThere(entries[middle].key) { high = middle } else { low = middle + 1 }
            }
            return low
        }
    }
}

/// A record with its definition and its run.
package struct JournalEntry: Sendable {
    package var record: JournalRecord
    /// The definition of the call; nil for records that have none.
    package var definition: DefinitionRecord?
    /// The position of its run in ``JournalContents/runs``; -1 if that run's record is lost.
    package var run: Int
}
