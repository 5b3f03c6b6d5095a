import Foundation
import Testing

@testable import AsyncFlowTelemetry

@Suite("Reading recordings")
struct RunReaderTests {
    private func read(_ bytes: [UInt8], pieces: Int = .max) -> RunReader {
        var reader = RunReader()
        var at = 0
        while at < bytes.count {
            let piece = Array(bytes[at..<min(bytes.count, at + min(pieces, bytes.count))])
            piece.withUnsafeBufferPointer { reader.feed($0) }
            at += piece.count
        }
        reader.finish()
        return reader
    }

    private func read(_ text: String) -> RunReader { read(Array(text.utf8)) }

    static let fixture: [UInt8] = {
        let url = Bundle.module.url(forResource: "python.telemetry", withExtension: "jsonl", subdirectory: "Fixtures")!
        return Array(try! Data(contentsOf: url))
    }()

    @Test("A file of the Python original", arguments: [1, 7, 100, Int.max])
    func python(pieces: Int) {
        let reader = read(Self.fixture, pieces: pieces)
        let model = reader.model
        #expect(reader.notes.skippedCount == 0 && !reader.notes.isLastLineCut && model.hasEnded)
        #expect(reader.notes.lineCount == 33)
        #expect(model.createdCount == 6 && model.totals == [1, 0, 0, 3, 1, 1])
        #expect(model.id(1) == "task.000002" && model.name(1) == "/bin/echo" && model.kind[1] == .executable)
        #expect(Array(model.dependencies(1)) == [0])
        #expect(abs((model.duration(1) ?? 0) - 1) < 1e-6 && model.lastTime == 2.5)
        #expect(model.series.count == 1 && model.series[0].values(of: .cpu) == [47])
    }

    @Test("Any order of fields, space, escapes, unknown fields and types")
    func anyJSON() {
        let reader = read(
            """
            {"event_time":1800000000,"event_type":"SessionStarted","session_id":"s","section":"event"}\r
            \t{ "attributes" : { "x" : [ { "y" : [1e5, -0.5E-3, true, null] } ], "task_id":"no", "executable" : "a\\u00e9\\ud83d\\ude00\\"\\n", "depends_on":[] } , "unknown":{}, "task_id" : "t\\u0061sk.000001", "event_t\\u0079pe":"TaskCreated", "event_time": 1.800000001e9 }

            {"event_type":"Unheard","event_time":1,"section":"event"}
            {"section":"span","name":"task"}
            {"event_type":"my.event","event_time":1800000002,"attributes":{"task_id":"task.000009"}}
            {"event_type":"asyncflow.EventsDropped","event_time":1800000003,"attributes":{"count":17}}
            """)
        #expect(reader.notes.skippedLines == [] && !reader.notes.isLastLineCut)
        #expect(reader.model.createdCount == 1 && reader.model.created[0] == 1)
        #expect(reader.model.id(0) == "task.000001" && reader.model.name(0) == "aé😀\"\n")
        #expect(reader.model.customEventCounts == ["my.event": 1] && reader.model.droppedCount == 17)
    }

    @Test(
        "Lines that are no JSON",
        arguments: [
            "{", "}", "{\"a\":}", "{\"a\" 1}", "{\"a\":1,}", "{\"a\":01}", "{\"a\":1.}", "{\"a\":\"\u{1}\"}", "[1]",
            "1",
            "{\"a\":\"\\x\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":tru}", "{\"a\":1} x", "{\"a\":[1,]}", "{\"a\":1e}",
        ])
    func malformed(line: String) {
        let good = "{\"event_type\":\"TaskCreated\",\"event_time\":1,\"task_id\":\"task.000001\"}"
        let reader = read("\(good)\n\(line)\n\(good.replacing("01\"", with: "02\""))\n")
        #expect(reader.notes.skippedLines == [2] && reader.notes.eventCount == 2)
        #expect(reader.model.createdCount == 2 && !reader.notes.isLastLineCut)
    }

    @Test("Nesting without an end is malformed, not a crash")
    func deep() {
        #expect(read("{\"a\":" + String(repeating: "[", count: 100_000) + "\n").notes.skippedCount == 1)
    }

    @Test(
        "Numbers", arguments: ["0", "-0", "1795381040.414077", "0.1", "12345678901234567890", "1e-5", "-17.25", "1E3"])
    func numbers(text: String) {
        let found = Array(text.utf8).withUnsafeBufferPointer { bytes -> Double? in
            var scanner = JSONScanner(bytes)
            return (try? scanner.value()).flatMap { scanner.double($0) }
        }
        let wanted = Double(text)!
        #expect(abs((found ?? .nan) - wanted) <= wanted.magnitude.ulp)
    }

    @Test("A file that ends anywhere: only its last line is lost", arguments: [1, UInt64.random(in: 2...(.max))])
    func cuts(seed: UInt64) {
        var random = Numbers(seed: seed)
        for _ in 0..<300 {
            let cut = Int.random(in: 1..<Self.fixture.count, using: &random)
            let reader = read(Array(Self.fixture[..<cut]), pieces: Int.random(in: 1...5000, using: &random))
            let whole = Self.fixture[..<cut].count { $0 == 0x0A }
            #expect(reader.notes.skippedCount == 0, "seed \(seed), cut at \(cut)")
            #expect(reader.notes.eventCount >= whole, "seed \(seed), cut at \(cut)")
        }
    }

    @Test("Corrupt bytes: no crash, and no other line is lost", arguments: [1, UInt64.random(in: 2...(.max))])
    func corruption(seed: UInt64) {
        var random = Numbers(seed: seed)
        for round in 0..<500 {
            var bytes = Self.fixture
            var lines = Set<Int>()
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                guard bytes[at] != 0x0A else { continue }
                lines.insert(bytes[..<at].count { $0 == 0x0A } + 1)
                repeat { bytes[at] = UInt8.random(in: 0...255, using: &random) } while bytes[at] == 0x0A
            }
            let notes = read(bytes).notes
            #expect(notes.lineCount == 33, "seed \(seed), round \(round)")
            #expect(Set(notes.skippedLines).isSubset(of: lines), "seed \(seed), round \(round)")
            // The line that says which session it is may itself have been hit: then others seem to be another's.
            #expect(
                notes.eventCount + notes.skippedCount + notes.otherSessionCount == 33, "seed \(seed), round \(round)")
        }
    }
}
