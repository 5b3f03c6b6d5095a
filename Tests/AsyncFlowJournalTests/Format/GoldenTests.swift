import AsyncFlowBase
import Foundation
import Testing

@testable import AsyncFlowJournal

/// Segments as released versions have written them, kept so that every later version can read them.
///
/// A segment is never changed once a version with it is released; another format gets another file. The records of a
/// new kind are added to ``records`` together with a new segment, which `ASYNCFLOW_WRITE_GOLDEN=1` writes.
@Suite("Golden segments")
struct GoldenTests {
    static let base: JournalTime = 1_800_000_000_000_000
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Golden")

    /// One record of each kind, in the order in which they are written.
    static var records: [JournalRecord] {
        func digest(_ number: UInt64) -> ShortDigest { ShortDigest(low: number, high: number << 32 | 0xABCD) }
        let object = ObjectID(bytes: 0..<32)
        let top = CallHeader(definition: DefinitionNumber(0), call: digest(1), key: digest(1))
        let inner = CallHeader(
            definition: DefinitionNumber(1), scope: ScopeID(77), occurrence: 3, call: digest(2), key: digest(3))
        var run = RunRecord(
            id: digest(4), began: base, program: "/opt/align", build: "0a1b", arguments: ["--n", "3"],
            directory: "/home/a", host: "node12", processID: 4711, engine: "0.9")
        run.generation = 2
        let error = RecordedError(type: "ExitError", code: "taskFailed", message: "exit code 2 – ä", encoded: [1, 2])
        return [
            .run(run),
            .definition(DefinitionNumber(0), DefinitionRecord(kind: "function", name: "score", version: "2")),
            .definition(
                DefinitionNumber(1),
                DefinitionRecord(
                    kind: "executable", name: "align", version: "bwa 0.7", place: "App/main.swift:7", types: "(File)")),
            .scope(ScopeRecord(id: ScopeID(77), parent: .program, kind: "stream", name: "samples", position: 9)),
            .started(StartedRecord(header: inner, attempt: 2, time: base + 5, backend: "slurm", ticket: [9, 8, 7])),
            .attempt(AttemptRecord(call: digest(2), attempt: 1, time: base + 6, error: error)),
            .result(
                ResultRecord(
                    header: top, began: base + 10, duration: 3, value: .inline([1, 42, 0, 0, 0, 0, 0, 0, 0]),
                    parts: [KeyPart(.argument, digest: 0x1234_5678_9ABC_DEF0, preview: "42")])),
            .result(
                ResultRecord(
                    header: inner, execution: 0xFEED, began: base - 10, duration: 70_000_000, attempt: 2,
                    value: .object(object, size: 100_000),
                    files: [
                        RecordedFile(
                            name: "out.bam", path: "tasks/align/out.bam", size: 1 << 40,
                            modified: 1_800_000_000_123_456_789,
                            inode: 99, isDirectory: false, content: object)
                    ],
                    parts: [
                        KeyPart(.words, digest: 1, preview: "bwa mem"),
                        KeyPart(.inputFile, name: "reads.fq", digest: 2, preview: "1.2 GB"),
                    ])),
            .failure(
                FailureRecord(
                    header: CallHeader(definition: DefinitionNumber(1), call: digest(5), key: digest(5)),
                    began: base, duration: 9, attempt: 3, error: error)),
            .cancelled(
                CancelledRecord(
                    header: CallHeader(definition: DefinitionNumber(0), call: digest(6), key: digest(6)),
                    time: base + 1, reason: "stopped by a person")),
            .reused(ReusedRecord(call: digest(7), source: digest(7))),
            .reused(ReusedRecord(call: digest(7), source: digest(8))),
            .named(
                NamedRecord(
                    call: digest(2), execution: 0xFEED, output: "out.bam", content: object, size: 7, modified: -5,
                    contentKey: digest(9))),
            .order(OrderRecord(scope: ScopeID(77), choice: 1, position: 2, chosen: 300)),
            .timer(TimerRecord(call: digest(10), name: "cool down", due: base + 3_600_000_000)),
            .waiting(
                WaitingRecord(
                    call: digest(11), name: "approve", type: "Bool", question: "Publish?", since: base,
                    deadline: base + 7)),
            .signal(SignalRecord(name: "approve", message: digest(12), time: base + 2, payload: Array("true".utf8))),
            .superseded(ScopeID(99)),
            .forgotten(ForgottenRecord(time: base, names: ["none"], calls: [digest(13)], failuresOnly: true)),
            .note(NoteRecord(kind: "settled", call: digest(14), time: base, payload: [0, 255])),
            .end(EndRecord(outcome: .completed, time: base + 9, ran: 4, reused: 5, failed: 6, message: "done")),
        ]
    }

    /// The records of waits and loops, which later programs write: with their scopes, and of a kind that 1.0 skips.
    static var waits: [JournalRecord] {
        func digest(_ number: UInt64) -> ShortDigest { ShortDigest(low: number, high: number << 32 | 0xABCD) }
        return [
            .run(
                RunRecord(
                    id: digest(4), began: base, program: "/opt/campaign", directory: "/home/a", host: "node12",
                    processID: 4712, engine: "0.10")),
            .timer(TimerRecord(call: digest(20), name: "pause", due: base + 60_000_000, scope: ScopeID(78))),
            .waiting(
                WaitingRecord(
                    call: digest(21), name: "approve", type: "Answer", question: "Publish?", since: base,
                    scope: ScopeID(78))),
            .signal(
                SignalRecord(
                    name: "approve", message: digest(22), time: base + 3, payload: Array("{}".utf8),
                    answered: SignalRecord.Answered(digest(21), in: ScopeID(78)))),
            .iteration(IterationRecord(loop: digest(23), count: 300, state: digest(24), scope: ScopeID(77))),
            .end(EndRecord(outcome: .parked, time: base + 9, ran: 1)),
        ]
    }

    /// A segment as this version writes it: two frames.
    private func written(_ records: [JournalRecord], splitAt split: Int) throws -> [UInt8] {
        var bytes = SegmentHeader(writer: ShortDigest(low: 1, high: 2), number: 1, began: Self.base).bytes
        for (first, part) in [(0, records[..<split]), (split, records[split...])] {
            let batch = Batch()
            batch.reset(firstNumber: UInt64(first))
            for record in part {
                try withEncoded(record, base: Self.base) { bytes throws(JournalError) in batch.append(bytes) }
            }
            bytes += Array(batch.seal(base: Self.base))
        }
        return bytes
    }

    private static let name = "000001-0100000000000000.afj"

    @Test(
        "This version writes what earlier ones have written, byte for byte",
        arguments: [("1.0", records, 8), ("1.0-waits", waits, 3)])
    func writing(folder: String, records: [JournalRecord], split: Int) throws {
        let url = Self.folder.appendingPathComponent("\(folder)/segments/\(Self.name)")
        let bytes = try written(records, splitAt: split)
        if ProcessInfo.processInfo.environment["ASYNCFLOW_WRITE_GOLDEN"] == "1" {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: url)
        }
        #expect(try Array(Data(contentsOf: url)) == bytes)
    }

    @Test("The records of waits and loops are read as they were written")
    func readingWaits() throws {
        let contents = try JournalStore.read(Self.folder.appendingPathComponent("1.0-waits").path).0
        var records: [JournalRecord] = []
        contents.forEach { entry in
            records.append(entry.record)
            return true
        }
        #expect(contents.losses.isEmpty && records == Self.waits)
        let places = PlaceHistory(contents, from: 0)
        let answered = ShortDigest(low: 21, high: 21 << 32 | 0xABCD)
        #expect(places.answers[answered] == Array("{}".utf8) && places.iterations.values.first == 300)
        #expect(OpenWaits(contents).sleeps.map(\.name) == ["pause"] && OpenWaits(contents).questions.isEmpty)
    }

    @Test("Every record of it is read as it was written")
    func reading() throws {
        let contents = try JournalStore.read(Self.folder.appendingPathComponent("1.0").path).0
        #expect(contents.losses.isEmpty && contents.runs.count == 1 && contents.runs[0].end?.ran == 4)
        var records: [JournalRecord] = []
        contents.forEach { entry in
            records.append(entry.record)
            #expect(entry.run == 0)
            return true
        }
        #expect(records == Self.records)
        #expect(contents.callCount == 4)
        let result = contents.outcome(of: ShortDigest(low: 2, high: 2 << 32 | 0xABCD))
        #expect(result?.definition?.name == "align" && result?.record == Self.records[7])
    }
}
