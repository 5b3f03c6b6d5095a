import AsyncFlowBase

/// A builder of a journal's index, which visits its frames.
struct JournalIndexer: FrameVisitor {
    struct Segment {
        var name: SegmentName
        var size: UInt64
        var definitions: [UInt32: DefinitionRecord] = [:]
        /// The header; nil if it is damaged.
        var header: SegmentHeader?
    }
    struct Run {
        var record: RunRecord
        var end: EndRecord?
    }
    /// The names and scopes whose earlier records don't count, each with the number of index entries at that time.
    struct Retraction {
        var names: [String: Int] = [:]
        var failuresOfNames: [String: Int] = [:]
        var scopes: [ScopeID: Int] = [:]

        var isEmpty: Bool { names.isEmpty && failuresOfNames.isEmpty && scopes.isEmpty }
    }

    private(set) var index = CallIndex()
    private(set) var regions: [Region] = []
    private(set) var segments: [Segment] = []
    private(set) var runs: [Run] = []
    /// The run of the index entries from each position on; -1 for none.
    private(set) var runStarts: [(entry: Int, run: Int)] = []
    /// The run at the start of each region.
    private(set) var regionRuns: [Int] = []
    private(set) var losses: [JournalLoss] = []
    private(set) var retraction = Retraction()
    private(set) var recordCount: UInt64 = 0
    private(set) var newestGeneration: UInt64 = 0
    private var currentRun = -1
    private var runOfID: [ShortDigest: Int] = [:]
    private var expected: [String: UInt64] = [:]
    private var withoutDefinition: UInt64 = 0

    mutating func begin(_ name: SegmentName, size: UInt64, header: SegmentHeader?) {
        if segments.last?.name.writer != name.writer { enter(run: -1) }
        segments.append(Segment(name: name, size: size, header: header))
        lastDefinition = nil
        if header == nil, size > 0 {
            lose(size < SegmentHeader.size ? .unfinished : .damage, 0, min(size, UInt64(SegmentHeader.size)))
        }
        closeRegion()
    }

    mutating func finishSegment() {
        closeRegion()
        if withoutDefinition > 0 {
            lose(.withoutDefinition, 0, 0, withoutDefinition)
            withoutDefinition = 0
        }
    }

    mutating func lose(_ cause: JournalLoss.Cause, _ offset: UInt64, _ length: UInt64, _ records: UInt64? = nil) {
        losses.append(
            JournalLoss(
                cause: cause, file: segments.last?.name.fileName ?? "", offset: offset, length: length, records: records
            ))
    }

    mutating func skip(_ length: UInt64, at offset: UInt64, isTail: Bool) {
        lose(isTail ? .unfinished : .damage, offset, length)
        closeRegion()
    }

    private mutating func closeRegion() { regionIsOpen = false }
    private var regionIsOpen = false

    mutating func visit(_ frame: Frame, _ bytes: UnsafeRawBufferPointer, start: Int, at offset: UInt64) {
        noteNumber(of: frame, at: offset)
        if !regionIsOpen || regions[regions.count - 1].length >= Region.size {
            regions.append(Region(segment: segments.count - 1, offset: offset, length: 0))
            regionRuns.append(currentRun)
            regionIsOpen = true
        }
        let region = regions.count - 1
        let inRegion = Int(offset - regions[region].offset) - start
        regions[region].length += frame.size
        let isClean = Frame.forEachRecord(in: bytes, from: start + Frame.headerSize, length: frame.length) {
            record, position in
            add(record, base: frame.base, region, inRegion + position)
        }
        if !isClean { lose(.damage, offset, UInt64(frame.size)) }
    }

    private mutating func noteNumber(of frame: Frame, at offset: UInt64) {
        guard frame.firstNumber != Frame.uncounted, let writer = segments.last?.name.writer else { return }
        let known = expected[writer] ?? 0
        if frame.firstNumber > known {
            let missing = frame.firstNumber - known
            // Reported together with the damage that destroyed them, if there was any.
            if let last = losses.indices.last, losses[last].file == segments.last?.name.fileName,
                losses[last].cause == .damage, losses[last].records == nil,
                losses[last].offset + losses[last].length == offset
            {
                losses[last].records = missing
            } else {
                lose(.missing, offset, 0, missing)
            }
        }
        expected[writer] = max(known, frame.firstNumber.addingSaturated(UInt64(frame.count)))
    }

    @inline(__always)
    private mutating func add(_ record: UnsafeRawBufferPointer, base: JournalTime, _ region: Int, _ offset: Int) {
        recordCount += 1
        switch JournalRecordKind(rawValue: record[0]) {
        case .result: addOutcome(record, .result, region, offset)
        case .failure: addOutcome(record, .failure, region, offset)
        case .cancelled: addOutcome(record, .cancelled, region, offset)
        case .reused, .order, .scope, .attempt, .started, .timer, .waiting, .signal, .iteration, nil: break
        default: addRare(record, base)
        }
    }

    @inline(__always)
    private mutating func addOutcome(
        _ record: UnsafeRawBufferPointer, _ outcome: CallIndex.Outcome, _ region: Int, _ offset: Int
    ) {
        var source = ByteSource(record, at: 1)
        guard let flags = try? source.byte(), let call = try? source.digest() else { return }
        if flags & CallFlags.keyDiffers != 0 { source = ByteSource(record, at: min(record.count, 34)) }
        guard let definition = (try? source.varint()).flatMap(UInt32.init(exactly:)) else { return }
        // Most records have the same definition as the previous one.
        guard definition == lastDefinition || segments[segments.count - 1].definitions[definition] != nil else {
            withoutDefinition += 1
            return
        }
        lastDefinition = definition
        index.insert(call, at: CallIndex.Location(region: region, offset: offset, outcome: outcome))
    }
    private var lastDefinition: UInt32?

    private mutating func addRare(_ bytes: UnsafeRawBufferPointer, _ base: JournalTime) {
        guard let decoded = try? JournalRecord.decode(bytes, base: base, withParts: false) else { return }
        switch decoded {
        case .definition(let number, let definition):
            segments[segments.count - 1].definitions[number.value] = definition
        case .run(let run):
            if let known = runOfID[run.id] {
                if known != currentRun { enter(run: known) }
            } else {
                runs.append(Run(record: run))
                runOfID[run.id] = runs.count - 1
                newestGeneration = max(newestGeneration, run.generation)
                enter(run: runs.count - 1)
            }
        case .end(let end):
            if runs.indices.contains(currentRun) { runs[currentRun].end = end }
        case .superseded(let scope): retraction.scopes[scope] = index.locations.count
        case .forgotten(let record):
            for name in record.names {
                if record.failuresOnly {
                    retraction.failuresOfNames[name] = index.locations.count
                } else {
                    retraction.names[name] = index.locations.count
                }
            }
            for call in record.calls {
                guard let entry = index.find(call) else { continue }
                if !record.failuresOnly || index.locations[entry].outcome != .result { index.drop(entry) }
            }
        default: break
        }
    }

    private mutating func enter(run: Int) {
        currentRun = run
        index.beginRun()
        runStarts.append((index.locations.count, run))
    }

    mutating func drop(_ entry: Int) { index.drop(entry) }
}
