import AsyncFlowBase
import AsyncFlowJournal
import Foundation
import TestSupport

/// A folder for a test, removed with it.
final class TestFolder: Sendable {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("asyncflow-journal-\(UUID())").path
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var journal: String { path + "/campaign.journal" }
}

extension RunRecord {
    static func sample(_ program: String = "/opt/program") -> RunRecord {
        RunRecord(
            began: .now, program: program, build: "0a1b", arguments: ["--n", "3"], directory: "/home", host: "node",
            processID: 4711, engine: "0.9")
    }
}

extension ShortDigest {
    /// The digest that a number stands for in tests: well mixed.
    static func sample(_ number: Int) -> ShortDigest {
        var random = SeededRandom(seed: UInt64(bitPattern: Int64(number)))
        return ShortDigest(low: random.next(), high: random.next())
    }
}

extension ResultRecord {
    /// The result of a call `(Int) -> Int`.
    static func sample(
        _ number: Int, value: Int? = nil, definition: DefinitionNumber = DefinitionNumber(0), scope: ScopeID = .program
    ) -> ResultRecord {
        let key = ShortDigest.sample(number)
        let call = scope == .program ? key : ShortDigest.sample(number + 1_000_000_007)
        return ResultRecord(
            header: CallHeader(definition: definition, scope: scope, call: call, key: key), began: .now,
            duration: UInt64(number % 1000), value: .inline([1] + UInt64(value ?? number * 7).littleEndianBytes),
            parts: [KeyPart(.argument, digest: UInt64(number), preview: "\(number)")])
    }
}

/// Makes up records of all kinds.
struct RecordMaker {
    var random: SeededRandom

    mutating func number(_ limit: UInt64 = .max) -> UInt64 { .random(in: 0...limit, using: &random) }
    mutating func flag() -> Bool { Bool.random(using: &random) }
    mutating func digest() -> ShortDigest { ShortDigest(low: number(), high: number()) }
    mutating func object() -> ObjectID { ObjectID(bytes: (0..<32).map { _ in UInt8(number(255)) }) }
    mutating func time() -> JournalTime { JournalTime(number(1 << 52)) }

    mutating func text() -> String {
        let words = ["", "align", "ä", "日本語", "\u{1F468}\u{200D}\u{1F469}", "a b\n\u{1B}[2J", "x"]
        return (0..<number(4)).map { _ in words[Int(number(6))] }.joined(separator: "-")
    }

    mutating func bytes(_ limit: UInt64 = 200) -> [UInt8] { (0..<number(limit)).map { _ in UInt8(number(255)) } }

    mutating func header() -> CallHeader {
        let call = digest()
        return CallHeader(
            definition: DefinitionNumber(UInt32(number(300))), scope: flag() ? .program : ScopeID(number()),
            occurrence: flag() ? 0 : number(), call: call, key: flag() ? call : digest())
    }

    mutating func parts() -> [KeyPart] {
        (0..<number(4)).map { _ in
            KeyPart(KeyPart.Kind(rawValue: UInt8(number(255))), name: text(), digest: number(), preview: text())
        }
    }

    mutating func error() -> RecordedError {
        RecordedError(type: text(), code: text(), message: text(), encoded: flag() ? nil : bytes())
    }

    mutating func file() -> RecordedFile {
        RecordedFile(
            name: text(), path: text(), size: number(), modified: Int64(bitPattern: number()), inode: number(),
            isDirectory: flag(), content: flag() ? nil : object())
    }

    mutating func value() -> JournalValue {
        switch number(2) {
        case 0: .none
        case 1: .inline(bytes())
        default: .object(object(), size: number())
        }
    }

    mutating func record(_ kind: JournalRecordKind) -> JournalRecord {
        switch kind {
        case .run:
            var run = RunRecord(
                id: digest(), began: time(), program: text(), build: text(), arguments: [text(), text()],
                directory: text(), host: text(), processID: Int32(truncatingIfNeeded: number()), engine: text())
            run.generation = number()
            return .run(run)
        case .definition:
            return .definition(
                DefinitionNumber(UInt32(number(300))),
                DefinitionRecord(kind: text(), name: text(), version: text(), place: text(), types: text()))
        case .scope:
            return .scope(
                ScopeRecord(
                    id: ScopeID(number()), parent: ScopeID(number()), kind: text(), name: text(), position: number()))
        case .result:
            return .result(
                ResultRecord(
                    header: header(), execution: flag() ? nil : number(), began: time(), duration: number(),
                    attempt: flag() ? 1 : UInt32(number(9)), value: value(), files: (0..<number(2)).map { _ in file() },
                    parts: parts()))
        case .failure:
            return .failure(
                FailureRecord(
                    header: header(), began: time(), duration: number(), attempt: UInt32(number(9)), error: error(),
                    parts: parts()))
        case .cancelled: return .cancelled(CancelledRecord(header: header(), time: time(), reason: text()))
        case .reused:
            let call = digest()
            return .reused(ReusedRecord(call: call, source: flag() ? call : digest()))
        case .started:
            return .started(
                StartedRecord(
                    header: header(), attempt: UInt32(number(9)), time: time(), backend: text(), ticket: bytes()))
        case .attempt:
            return .attempt(AttemptRecord(call: digest(), attempt: UInt32(number(9)), time: time(), error: error()))
        case .named:
            return .named(
                NamedRecord(
                    call: digest(), execution: number(), output: text(), content: object(), size: number(),
                    modified: Int64(bitPattern: number()), contentKey: flag() ? nil : digest()))
        case .order:
            return .order(
                OrderRecord(scope: ScopeID(number()), choice: number(), position: number(), chosen: number()))
        case .timer:
            return .timer(
                TimerRecord(
                    call: digest(), name: text(), due: time(), scope: flag() ? .program : ScopeID(number())))
        case .waiting:
            return .waiting(
                WaitingRecord(
                    call: digest(), name: text(), type: text(), question: text(), since: time(),
                    deadline: flag() ? nil : time(), scope: flag() ? .program : ScopeID(number())))
        case .signal:
            return .signal(
                SignalRecord(
                    name: text(), message: digest(), time: time(), payload: bytes(),
                    answered: flag() ? nil : SignalRecord.Answered(digest(), in: ScopeID(number()))))
        case .iteration:
            return .iteration(
                IterationRecord(loop: digest(), count: number(), state: digest(), scope: ScopeID(number())))
        case .superseded: return .superseded(ScopeID(number()))
        case .forgotten:
            return .forgotten(
                ForgottenRecord(
                    time: time(), names: (0..<number(3)).map { _ in text() },
                    calls: (0..<number(3)).map { _ in digest() },
                    failuresOnly: flag()))
        case .note:
            return .note(NoteRecord(kind: text(), call: flag() ? nil : digest(), time: time(), payload: bytes()))
        case .end:
            return .end(
                EndRecord(
                    outcome: EndRecord.Outcome(rawValue: UInt8(number(255))), time: time(), ran: number(),
                    reused: number(), failed: number(), message: text()))
        }
    }
}
