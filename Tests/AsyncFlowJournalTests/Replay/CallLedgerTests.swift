import TestSupport
import Testing

@testable import AsyncFlowJournal

@Suite("The ledger of calls")
struct CallLedgerTests {
    private let key = ShortDigest(low: 7, high: 8)

    @Test("Gives equal calls identities of their own, the key itself to the first one of the program")
    func occurrences() {
        var ledger = CallLedger()
        let first = ledger.enter(key, in: .program)
        #expect(first.call == key && first.occurrence == 0)
        let others = (0..<100).map { _ in ledger.enter(key, in: .program) }
        #expect(others.map(\.occurrence) == Array(1...100))
        #expect(Set(others.map(\.call) + [first.call]).count == 101)
        let elsewhere = ledger.enter(key, in: ScopeID(5))
        #expect(elsewhere.occurrence == 0 && elsewhere.call != key)
    }

    @Test("Gives the same identities in each run")
    func stable() {
        var (one, other) = (CallLedger(), CallLedger())
        for scope in [0, 5, 0, 0, 5].map({ ScopeID($0) }) {
            let calls = [one.enter(key, in: scope).call, other.enter(key, in: scope).call]
            #expect(calls[0] == calls[1])
        }
    }

    @Test("Never gives a recorded call to two, nor an identity that was taken")
    func taken() {
        var ledger = CallLedger()
        let second = CallDigest.call(key, in: .program, occurrence: 1)
        let taken = [ledger.take(second), ledger.take(second)]
        #expect(taken == [true, false])
        #expect(ledger.isTaken(second))
        let occurrences = [ledger.enter(key, in: .program).occurrence, ledger.enter(key, in: .program).occurrence]
        #expect(occurrences == [0, 2])
        let isFree = ledger.take(key)
        #expect(!isFree)
    }

    @Test("Remembers as a set does, whatever is put in")
    func table() {
        var random = SeededRandom(seed: TestRun.seed)
        var (table, model) = (FingerprintTable(), Set<UInt64>())
        for _ in 0..<5000 {
            let number = Bool.random(using: &random) ? UInt64.random(in: 0..<200, using: &random) : random.next()
            let isNew = table.insert(number)
            let isExpected = model.insert(number).inserted
            #expect(isNew == isExpected, "seed \(TestRun.seed)")
        }
        #expect(table.count == model.count)
        #expect(model.allSatisfy { table.contains($0) })
        #expect(!table.contains(0xDEAD_BEEF_0000_0001))
    }
}

@Suite("The rule for recorded calls")
struct ReplayRuleTests {
    typealias Outcome = ReplayRule.Knowledge.Outcome
    struct Row: Sendable, CustomStringConvertible {
        var description: String
        var known: ReplayRule.Knowledge
        var isOnce = false
        var answer: ReplayRule.Answer

        init(
            _ description: String, _ outcome: Outcome, crashes: Int = 0, isBegun: Bool = false,
            isTraced: Bool = false, isForgotten: Bool = false,
            isOfOtherBuild: Bool = false, isOnce: Bool = false, _ answer: ReplayRule.Answer
        ) {
            self.description = description
            known = ReplayRule.Knowledge(
                outcome: outcome, isOfOtherBuild: isOfOtherBuild, crashes: crashes, isBegun: isBegun,
                isTraced: isTraced, isForgotten: isForgotten)
            self.isOnce = isOnce
            self.answer = answer
        }
    }
    static let rows: [Row] = [
        Row("unknown", .none, .run(.new)),
        Row("has a value", .value, .reuse),
        Row("has a value, whatever crashed", .value, crashes: 9, .reuse),
        Row("failed", .failure, .run(.failed)),
        Row("asked for", .value, isForgotten: true, .run(.rerun)),
        Row("asked for after crashes", .none, crashes: 3, isForgotten: true, .run(.rerun)),
        Row("a block of another build", .value, isOfOtherBuild: true, .run(.rebuilt)),
        Row("ran at two crashes", .none, crashes: 2, .run(.interrupted)),
        Row("ran at three crashes", .none, crashes: 3, .refuse(crashes: 3)),
        Row("failed, and ran at three crashes", .failure, crashes: 3, .refuse(crashes: 3)),
        Row("once, begun", .none, isBegun: true, isOnce: true, .unsettled),
        Row("once, ended", .value, isBegun: true, isOnce: true, .reuse),
        Row("once, failed", .failure, isOnce: true, .run(.failed)),
        Row("once, failed and begun again", .failure, isBegun: true, isOnce: true, .unsettled),
        Row("once, begun elsewhere", .none, isBegun: true, isTraced: true, isOnce: true, .find),
        Row("once, ended elsewhere", .value, isBegun: true, isTraced: true, isOnce: true, .reuse),
        Row("begun elsewhere", .none, isBegun: true, isTraced: true, .run(.interrupted)),
        Row("once, asked for", .none, isBegun: true, isForgotten: true, isOnce: true, .run(.rerun)),
        Row("begun", .none, isBegun: true, .run(.interrupted)),
    ]

    @Test("Answers as the table says", arguments: rows)
    func answers(row: Row) {
        #expect(ReplayRule().answer(row.known, isOnce: row.isOnce) == row.answer)
    }

    @Test("Counts crashes in a row, and a first one of which nothing is known")
    func crashes() {
        let (a, b) = (ShortDigest(low: 1, high: 1), ShortDigest(low: 2, high: 2))
        let known = CrashHistory([[a], [a, b]])
        #expect(known.count(of: a) == 2 && known.count(of: b) == 1)
        let unknownFirst = CrashHistory([[a], [a, b], nil])
        #expect(unknownFirst.count(of: a) == 3 && unknownFirst.count(of: b) == 1)
        #expect(unknownFirst.crashes == 3)
        #expect(CrashHistory([nil]).count(of: a) == 0)
        #expect(CrashHistory([]).count(of: a) == 0)
    }
}

@Suite("Explanations")
struct ExplanationTests {
    private func part(_ digest: UInt64, _ preview: String, _ name: String = "") -> KeyPart {
        KeyPart(.argument, name: name, digest: digest, preview: preview)
    }

    @Test("Say what is the same, what changed, what is new and what is gone")
    func differences() {
        let explanation = Explanation(
            before: [part(1, "4711"), part(2, "x", "words"), part(3, "old", "file a")], version: "1",
            now: [part(9, "1234"), part(2, "x", "words"), part(4, "new", "file b")], version: "2")
        #expect(
            explanation.summary
                == "version 1 → 2, argument 1 4711 → 1234, file b is new, file a is gone")
        #expect(explanation.likeness == 1)
    }

    @Test("Are of the call that has most in common, and of the last one of several")
    func nearest() {
        func result(_ call: UInt64, _ parts: [KeyPart]) -> ResultRecord {
            let id = ShortDigest(low: call, high: 0)
            return ResultRecord(
                header: CallHeader(definition: DefinitionNumber(0), call: id, key: id), began: 0, duration: 0,
                value: .none, parts: parts)
        }
        var nearest = NearestCall(parts: [part(1, "a"), part(2, "b")], version: "1")
        nearest.consider(result(1, [part(1, "a"), part(3, "c")]), version: "1")
        nearest.consider(result(2, [part(4, "d"), part(5, "e")]), version: "1")
        nearest.consider(result(3, [part(1, "a"), part(6, "f")]), version: "1")
        #expect(nearest.best?.call.low == 3)
        #expect(nearest.best?.explanation.summary == "argument 2 f → b")
    }
}

@Suite("Recorded values")
struct EnvelopeTests {
    @Test("Come back with what was known of their files, and never from other bytes", arguments: [0, 1, 3])
    func forms(fileCount: Int) throws {
        let facts = try #require(FileFacts(of: "/bin/sh"))
        let envelope = Envelope(files: Array(repeating: [facts], count: fileCount), value: [1, 2, 3])
        let bytes = try envelope.bytes()
        let read = try #require(Envelope(bytes))
        #expect(read.files == envelope.files && Array(read.value) == [1, 2, 3])
        for cut in 0..<bytes.count where cut < bytes.count - 3 { _ = Envelope(Array(bytes[..<cut])) }
        #expect(Envelope([]) == nil)
        #expect(Envelope([9, 1, 2]) == nil)
        #expect(Envelope([2] + [UInt8](repeating: 255, count: 8)) == nil)
    }
}
