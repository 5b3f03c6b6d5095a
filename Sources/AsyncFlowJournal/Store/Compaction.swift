import AsyncFlowBase

/// The rule that determines how long a journal keeps results that are no longer used.
package struct JournalRetention: Sendable, Equatable {
    /// The number of completed runs whose results are kept, at least 1: a result is kept as long as one of these runs,
    /// or a later one, has made or used it. Interrupted runs don't count, because they may not have reached all of
    /// their calls.
    package var runs = 3
    /// Results that no run has made or used since this time are removed too; nil for no such limit.
    package var oldest: JournalTime?

    package init(runs: Int = 3, oldest: JournalTime? = nil) {
        self.runs = max(1, runs)
        self.oldest = oldest
    }
}

/// The decision about which records of a journal are kept, as a pure value.
struct CompactionPlan {
    private let firstKept: Int
    private let keptByAge: [Bool]

    /// - Parameter runs: The runs in their order, with the time each started and whether it ended regularly.
    init(runs: [(began: JournalTime, isComplete: Bool)], _ retention: JournalRetention) {
        let complete = runs.indices.filter { runs[$0].isComplete }
        firstKept = complete.count <= retention.runs ? 0 : complete[complete.count - retention.runs]
        keptByAge = runs.map { run in retention.oldest.map { run.began >= $0 } ?? true }
    }

    /// Returns whether a use in a run keeps a record. Records that belong to no known run are kept.
    func keeps(run: Int) -> Bool {
        guard keptByAge.indices.contains(run) else { return true }
        return run >= firstKept && keptByAge[run]
    }

    /// Returns whether it is worthwhile to compact a journal.
    ///
    /// - Parameters:
    ///   - records: The number of all records.
    ///   - live: The number of calls whose records count.
    static func isWorthwhile(records: UInt64, live: Int, segments: Int) -> Bool {
        // Each call may also have a record of its last use.
        segments > 32 || (records > 20_000 && UInt64(live).multipliedSaturated(by: 4) < records)
    }
}

/// The outcome of a compaction.
package struct CompactionReport: Sendable, Equatable {
    package var recordsBefore: UInt64 = 0
    package var recordsAfter: UInt64 = 0
    package var bytesBefore: UInt64 = 0
    package var bytesAfter: UInt64 = 0
    package var objectsRemoved = 0
}

/// A compaction: it copies the records to keep into one new segment, and removes the old segments and the values that
/// are no longer referenced.
///
/// The new segment gets its name when all of it is on disk, and only then are the old ones removed. A crash in between
/// leaves duplicate records, which changes nothing.
struct Compactor {
    private let contents: JournalContents
    private let paths: JournalPaths
    private let files: any FileLayer
    private let plan: CompactionPlan
    private var report = CompactionReport()
    private var base: JournalTime = .now
    private var file: CInt = -1
    private var batch = Batch()
    private var offset: UInt64 = 0
    private var definitions: [DefinitionRecord: DefinitionNumber] = [:]
    private var objects: Set<ObjectID> = []
    private var currentRun = -1
    private var unended: Set<CallID> = []
    /// The runs that have kept records.
    private var usedRuns: Set<Int> = []

    private static let unfinishedEnding = ".new"

    /// Compacts a journal whose lock this process holds.
    static func run(
        _ contents: JournalContents, _ paths: JournalPaths, _ files: any FileLayer, _ retention: JournalRetention
    ) throws(SystemError) -> CompactionReport {
        var compactor = Compactor(contents, paths, files, retention)
        return try compactor.run()
    }

    private init(
        _ contents: JournalContents, _ paths: JournalPaths, _ files: any FileLayer, _ retention: JournalRetention
    ) {
        self.contents = contents
        self.paths = paths
        self.files = files
        plan = CompactionPlan(
            runs: contents.runs.map { run, end in
                // One that was stopped or parked may not have got as far.
                (run.began, end.map { $0.outcome != .stopped && $0.outcome != .parked } ?? false)
            }, retention)
    }

    private mutating func run() throws(SystemError) -> CompactionReport {
        report.recordsBefore = contents.recordCount
        report.bytesBefore = contents.segmentSizes.reduce(0) { $0.addingSaturated($1.size) }
        let writer = ShortDigest.random()
        let name = SegmentName(
            number: (contents.segments.last?.name.number ?? 0) + 1, writer: HexText.digits(writer.low.littleEndianBytes)
        )
        let temporary = paths.segment(name) + Self.unfinishedEnding
        file = try files.create(temporary)
        do throws(SystemError) {
            try write(SegmentHeader(writer: writer, number: name.number, began: base))
            try files.close(file)
            try files.rename(temporary, to: paths.segment(name))
            try files.syncDirectory(paths.segments)
        } catch {
            try? files.close(file)
            try? files.unlink(temporary)
            throw error
        }
        for segment in contents.segments { try? files.unlink(paths.segment(segment.name)) }
        report.bytesAfter = offset
        sweep()
        return report
    }

    private mutating func write(_ header: SegmentHeader) throws(SystemError) {
        var failure: SystemError?
        header.bytes.withUnsafeBytes { bytes in
            do throws(SystemError) { try files.writeAll(file, bytes, at: 0) } catch { failure = error }
        }
        if let failure { throw failure }
        offset = UInt64(SegmentHeader.size)
        let uses = try uses()
        let survey = try survey()
        unended = try findUnended()
        for (entry, location) in contents.index.locations.enumerated() where location != .dropped {
            if plan.keeps(run: Int(uses[entry])) { usedRuns.insert(contents.run(ofEntry: entry)) }
        }
        try Self.forEach(in: contents) { record, place, run in
            guard keeps(record, place, run, uses, survey) else { return true }
            do throws(SystemError) { try copy(record, place, run) } catch {
                failure = error
                return false
            }
            return true
        }
        if let failure { throw failure }
        try flush()
        try files.sync(file)
    }

    /// Passes all records to a closure. Throws if a part can't be read: it would be lost.
    private static func forEach(
        in contents: JournalContents, _ kinds: Set<JournalRecordKind>? = nil,
        _ body: (_ record: JournalRecord, _ place: JournalContents.Place, _ run: Int) -> Bool
    ) throws(SystemError) {
        var failure: SystemError?
        contents.forEachRaw(kinds, unreadable: { failure = failure ?? $0 }, body)
        if let failure { throw failure }
    }

    /// Returns the newest run that has used each entry of the index.
    private func uses() throws(SystemError) -> [Int32] {
        var uses = contents.index.locations.indices.map { Int32(clamping: contents.run(ofEntry: $0)) }
        try Self.forEach(in: contents, [.reused]) { record, _, run in
            guard case .reused(let reused) = record else { return true }
            for call in [reused.call, reused.source] {
                if let entry = contents.index.find(call) { uses[entry] = max(uses[entry], Int32(clamping: run)) }
            }
            return true
        }
        return uses
    }

    /// The facts about scopes and loops, gathered in one pass over the journal.
    private struct Survey {
        /// The place of the last record of each scope that isn't superseded.
        var scopes: [ScopeID: JournalContents.Place] = [:]
        /// The place after which each superseded scope has nothing in it that counts.
        var superseded: [ScopeID: JournalContents.Place] = [:]
        /// The place of the last record of each loop that isn't superseded.
        var loops: [CallID: JournalContents.Place] = [:]
        /// The names that were forgotten, each with the place up to which it was.
        var forgotten: [String: JournalContents.Place] = [:]

        /// Whether a record in a scope was superseded after it was written.
        func isSuperseded(_ scope: ScopeID, _ place: JournalContents.Place) -> Bool {
            superseded[scope].map { place < $0 } ?? false
        }
    }

    private func survey() throws(SystemError) -> Survey {
        var survey = Survey()
        try Self.forEach(in: contents, [.scope, .superseded, .iteration, .forgotten]) { record, place, run in
            switch record {
            case .scope(let scope): survey.scopes[scope.id] = plan.keeps(run: run) ? place : nil
            case .superseded(let scope):
                survey.scopes[scope] = nil
                survey.superseded[scope] = place
            case .iteration(let iteration):
                survey.loops[iteration.loop] = contents.index.find(iteration.state) == nil ? nil : place
            case .forgotten(let record) where !record.failuresOnly:
                for name in record.names { survey.forgotten[name] = place }
            default: break
            }
            return true
        }
        return survey
    }

    /// Returns the calls that were started and haven't ended since.
    private func findUnended() throws(SystemError) -> Set<CallID> {
        var started: Set<CallID> = []
        try Self.forEach(in: contents, [.started]) { record, _, run in
            if let call = record.header?.call, !contents.hasOutcome(of: call, sinceRun: run) { started.insert(call) }
            return true
        }
        var failure: SystemError?
        let unended = contents.unended(of: started) { failure = failure ?? $0 }
        if let failure { throw failure }
        return unended
    }

    private func keeps(
        _ record: JournalRecord, _ place: JournalContents.Place, _ run: Int, _ uses: [Int32],
        _ survey: Survey
    ) -> Bool {
        /// Whether a wait has to be known when its call is made again.
        func isOpen(_ call: CallID, _ name: String, _ scope: ScopeID) -> Bool {
            plan.keeps(run: run) && contents.index.find(call) == nil && !survey.isSuperseded(scope, place)
                && !(survey.forgotten[name].map { place < $0 } ?? false)
        }
        func isUsed(_ call: CallID) -> Bool {
            contents.index.find(call).map { plan.keeps(run: Int(uses[$0])) } ?? false
        }
        switch record {
        case .result, .failure, .cancelled:
            guard let call = record.header?.call, let entry = contents.index.find(call) else { return false }
            return contents.index.locations[entry].isAt(place) && plan.keeps(run: Int(uses[entry]))
        case .reused(let reused):
            guard let entry = contents.index.find(reused.source) else { return false }
            return Int32(clamping: run) == uses[entry] && plan.keeps(run: run)
        case .named(let named): return isUsed(named.call)
        case .scope(let scope): return survey.scopes[scope.id] == place
        case .order(let order):
            return plan.keeps(run: run) && (order.scope == .program || survey.scopes[order.scope] != nil)
        case .started(let started):
            // A started call with an effect is never dropped by age. Its record has no backend.
            return unended.contains(started.header.call) && (started.backend.isEmpty || plan.keeps(run: run))
                && !survey.isSuperseded(started.header.scope, place)
        case .attempt(let attempt): return plan.keeps(run: run) && contents.index.find(attempt.call) == nil
        case .run, .end: return plan.keeps(run: run) || usedRuns.contains(run)
        case .timer(let timer): return isOpen(timer.call, timer.name, timer.scope)
        case .waiting(let waiting): return isOpen(waiting.call, waiting.name, waiting.scope)
        case .signal(let signal):
            guard let answered = signal.answered else { return true }
            // Once its wait has ended, it only tells the same message from another one.
            return isOpen(answered.call, signal.name, answered.scope)
                || (plan.keeps(run: run) && !survey.isSuperseded(answered.scope, place))
        case .iteration(let iteration): return survey.loops[iteration.loop] == place
        case .note: return true
        // Written anew, or done.
        case .definition, .superseded, .forgotten: return false
        }
    }

    private mutating func copy(
        _ record: JournalRecord, _ place: JournalContents.Place, _ run: Int
    ) throws(SystemError) {
        if run != currentRun, contents.runs.indices.contains(run) {
            currentRun = run
            try put(.run(contents.runs[run].run))
        }
        if case .run = record { return }
        if case .result(let result) = record {
            if case .object(let id, _) = result.value { objects.insert(id) }
        }
        var record = record
        if let number = record.header?.definition {
            guard let definition = contents.segments[contents.regions[place.region].segment].definitions[number.value]
            else { return }
            if let known = definitions[definition] {
                record.setDefinition(known)
            } else {
                let new = DefinitionNumber(UInt32(definitions.count))
                definitions[definition] = new
                try put(.definition(new, definition))
                record.setDefinition(new)
            }
        }
        try put(record)
    }

    private mutating func put(_ record: JournalRecord) throws(SystemError) {
        report.recordsAfter += 1
        let size = record.size(base: base) + 10
        if !batch.hasRoom(for: size) {
            try flush()
            if size > batch.capacity { batch = Batch(capacity: size) }
        }
        let batch = batch
        // A record that was read is never too large to be written.
        try? withEncoded(record, base: base) { bytes throws(JournalError) in batch.append(bytes) }
    }

    private mutating func flush() throws(SystemError) {
        if batch.isEmpty { return }
        let frame = batch.seal(base: base, isCounted: false)
        try files.writeAll(file, frame, at: offset)
        offset += UInt64(frame.count)
        batch.reset(firstNumber: 0)
    }

    /// Removes the values that no kept record refers to, and the temporary files of killed writers.
    private mutating func sweep() {
        let store = ObjectStore(paths, files)
        let (ids, leftovers) = store.list()
        for id in ids where !objects.contains(id) {
            store.remove(id)
            report.objectsRemoved += 1
        }
        for path in leftovers { try? files.unlink(path) }
        for name in (try? files.list(paths.segments)) ?? [] where name.hasSuffix(Self.unfinishedEnding) {
            try? files.unlink(paths.segments + "/" + name)
        }
    }
}
