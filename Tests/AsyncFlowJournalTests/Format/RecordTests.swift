import Foundation
import TestSupport
import Testing

@testable import AsyncFlowJournal

@Suite("Records as bytes")
struct RecordTests {
    private func encoded(_ record: JournalRecord, base: JournalTime) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: record.size(base: base))
        bytes.withUnsafeMutableBytes { bytes in
            var writer = MemoryWriter(bytes)
            record.encode(into: &writer, base: base)
            #expect(writer.count == bytes.count)
        }
        return bytes
    }

    private func decoded(_ bytes: [UInt8], base: JournalTime) throws -> JournalRecord? {
        try bytes.withUnsafeBytes { try JournalRecord.decode($0, base: base) }
    }

    @Test("Every kind comes back as it was written", arguments: JournalRecordKind.allCases)
    func roundTrip(kind: JournalRecordKind) throws {
        var maker = RecordMaker(random: SeededRandom(seed: TestRun.seed &+ UInt64(kind.rawValue)))
        for round in 0..<300 {
            let record = maker.record(kind)
            let base = maker.time()
            let expected = record.withShortPreviews
            #expect(try decoded(encoded(record, base: base), base: base) == expected, "seed \(TestRun.seed) \(round)")
        }
    }

    @Test("Bytes that a later version adds are passed over", arguments: JournalRecordKind.allCases)
    func additions(kind: JournalRecordKind) throws {
        // What is reused has a second digest or none: an addition to it would follow both.
        if kind == .reused { return }
        var maker = RecordMaker(random: SeededRandom(seed: 7))
        let record = maker.record(kind)
        #expect(try decoded(encoded(record, base: 0) + [1, 2, 3], base: 0) == record.withShortPreviews)
    }

    @Test("A kind of a later version is none")
    func laterKind() throws { #expect(try decoded([200, 1, 2, 3], base: 0) == nil) }

    @Test("What is cut off or altered is refused or another record, and never a crash")
    func damage() {
        var maker = RecordMaker(random: SeededRandom(seed: TestRun.seed))
        var refused = 0
        for kind in JournalRecordKind.allCases {
            for _ in 0..<25 {
                let bytes = encoded(maker.record(kind), base: 0)
                for length in 0..<bytes.count where (try? decoded(Array(bytes[..<length]), base: 0)) == nil {
                    refused += 1
                }
                for _ in 0..<50 {
                    var altered = bytes
                    altered[Int(maker.number(UInt64(bytes.count - 1)))] = UInt8(maker.number(255))
                    if (try? decoded(altered, base: 0)) == nil { refused += 1 }
                }
                _ = try? decoded(maker.bytes(), base: .max)
            }
        }
        #expect(refused > 500)
    }

    @Test("A preview is cut between characters")
    func previews() throws {
        for text in [
            String(repeating: "a", count: 100), String(repeating: "é", count: 60),
            "x" + String(repeating: "日", count: 60),
        ] {
            var record = ResultRecord.sample(1)
            record.parts[0].preview = text
            guard case .result(let back)? = try decoded(encoded(.result(record), base: 0), base: 0) else {
                Issue.record("no result")
                continue
            }
            let preview = back.parts[0].preview
            #expect(text.hasPrefix(preview) && preview.utf8.count <= 64 && preview.utf8.count > 60)
        }
    }

    @Test("A small result takes less than 60 bytes, and 24 more in a block")
    func size() {
        let base = JournalTime.now
        #expect(encoded(.result(.sample(4711)), base: base).count < 60)
        #expect(encoded(.result(.sample(4711, scope: ScopeID(7))), base: base).count < 84)
    }
}

extension JournalRecord {
    /// The record as it is kept: with previews of at most 64 bytes.
    var withShortPreviews: JournalRecord {
        func shortened(_ text: String) -> String {
            if text.utf8.count <= 64 { return text }
            var bytes = Array(text.utf8.prefix(65))
            while bytes.last! & 0xC0 == 0x80 { bytes.removeLast() }
            bytes.removeLast()
            return String(decoding: bytes, as: UTF8.self)
        }
        switch self {
        case .result(var record):
            for at in record.parts.indices { record.parts[at].preview = shortened(record.parts[at].preview) }
            return .result(record)
        case .failure(var record):
            for at in record.parts.indices { record.parts[at].preview = shortened(record.parts[at].preview) }
            return .failure(record)
        default: return self
        }
    }
}
