import AsyncFlow
import AsyncFlowBase
import AsyncFlowJournal
import Foundation
import Testing

/// Runs `asyncflow journal` as it is built.
@Suite("The command asyncflow journal", .timeLimit(.minutes(2)))
struct JournalCommandTests {
    private final class Folder {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("asyncflow-journal-command-\(UUID())")
        init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(at: url) }
        var journal: String { url.appendingPathComponent("a.journal").path }
        func path(_ name: String) -> String { url.appendingPathComponent(name).path }
    }
    private struct Outcome {
        var code: Int32
        var output: String
        var errors: String
    }

    private func journal(_ words: String...) throws -> Outcome {
        let outcome = try CommandProgram.run(["journal"] + words)
        return Outcome(
            code: outcome.code, output: String(decoding: outcome.output, as: UTF8.self),
            errors: String(decoding: outcome.errors, as: UTF8.self))
    }

    private static func call(_ number: UInt64) -> CallID {
        ShortDigest(low: number &* 0x1234_5678_9ABC_DEF1, high: number)
    }

    /// Two runs: one that ended, with a failure and a large value, and one that didn't.
    private func record(in folder: Folder) throws {
        for run in 0..<2 {
            let store = try JournalStore.open(
                folder.journal,
                run: RunRecord(
                    began: 1_800_000_000_000_000 + Int64(run), program: "/opt/align\u{1B}[2J", host: "node12"))
            let align = store.define(DefinitionRecord(kind: "executable", name: "align", version: "bwa 0.7"))
            let score = store.define(DefinitionRecord(kind: "function", name: "sc\nore"))
            func header(_ number: UInt64, _ definition: DefinitionNumber) -> CallHeader {
                CallHeader(definition: definition, call: Self.call(number), key: Self.call(number))
            }
            for number in UInt64(run * 10)..<UInt64(run * 10 + 3) {
                let record = ResultRecord(
                    header: header(number, align), began: 1_800_000_000_000_000, duration: 1_500_000,
                    value: .inline([1, 2, 3]), parts: [KeyPart(.words, digest: 7, preview: "bwa mem \u{202E}x")])
                try store.append(.result(record))
            }
            try store.append(
                .failure(
                    FailureRecord(
                        header: header(UInt64(run * 10 + 5), score), began: 1_800_000_000_000_000, duration: 20,
                        error: RecordedError(type: "E", message: "broke\u{7}"))))
            if run == 0 {
                let large = ResultRecord(
                    header: header(7, align), began: 1_800_000_000_000_000, duration: 1, value: .none)
                try store.append(large, value: [UInt8](repeating: 9, count: 50_000))
                try store.flushAndWait()
            }
            try store.close(run == 0 ? EndRecord(outcome: .completed, time: 1_800_000_001_000_000, ran: 5) : nil)
        }
    }

    private func isHarmless(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy {
            $0 == "\n"
                || ($0.value >= 0x20 && $0.value != 0x7F && !(0x80...0x9F).contains($0.value)
                    && !(0x202A...0x202E).contains($0.value))
        }
    }

    @Test("Show, list, verify and export say what is recorded, in harmless text and valid JSON")
    func reading() throws {
        let folder = try Folder()
        try record(in: folder)
        let show = try journal("show", folder.journal)
        #expect(show.code == 0 && show.errors.isEmpty && isHarmless(show.output))
        for text in ["9 recorded calls", "completed", "interrupted", "align", "bwa 0.7", "executable", "2 segments"] {
            #expect(show.output.contains(text), "\(text) in \(show.output)")
        }
        let json = try journal("show", "--json", folder.journal)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect(object["calls"] as? Int == 9 && (object["runs"] as? [Any])?.count == 2)
        let list = try journal("list", folder.journal)
        #expect(list.code == 0 && isHarmless(list.output) && list.output.contains("bwa mem"))
        #expect(list.output.split(separator: "\n").count == 10)
        #expect(try journal("list", folder.journal, "--failed").output.split(separator: "\n").count == 3)
        #expect(
            try journal("list", folder.journal, "--task", "align", "--run", "2").output.split(separator: "\n").count
                == 4)
        #expect(try journal("list", folder.journal, "--limit", "2").output.split(separator: "\n").count == 3)
        let verify = try journal("verify", folder.journal)
        #expect(verify.code == 0 && verify.output.contains("no damage") && verify.output.contains("1 values (50 kB)"))
        let export = try journal("export", folder.journal)
        let lines = export.output.split(separator: "\n")
        let kinds = try lines.map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])["kind"] as? String
        }
        #expect(export.code == 0 && kinds.filter { $0 == "result" }.count == 7)
        #expect(kinds.filter { $0 == "run" }.count == 2 && kinds.filter { $0 == "end" }.count == 1)
        #expect(!export.output.contains("010203"))
        #expect(try journal("export", "--values", folder.journal).output.contains("\"010203\""))
    }

    @Test("What is forgotten is gone for the next run, and nothing else is")
    func forgetting() throws {
        let folder = try Folder()
        try record(in: folder)
        #expect(try journal("forget", folder.journal).code == 64)
        #expect(try journal("forget", folder.journal, "--call", "12345").code == 64)
        let nothing = try journal("forget", folder.journal, "--task", "other")
        #expect(nothing.code == 65 && nothing.errors.contains("Nothing of that is recorded"))
        let one = try journal("forget", folder.journal, "--call", String(Self.call(1).description.prefix(9)))
        #expect(one.code == 0 && one.output == "1 call will run again\n")
        #expect(try JournalStore.read(folder.journal).0.outcome(of: Self.call(1)) == nil)
        #expect(try JournalStore.read(folder.journal).0.callCount == 8)
        #expect(try journal("forget", folder.journal, "--failed").output == "2 calls will run again\n")
        #expect(try JournalStore.read(folder.journal).0.callCount == 6)
        #expect(try journal("forget", folder.journal, "--task", "align").output == "6 calls will run again\n")
        #expect(try JournalStore.read(folder.journal).0.callCount == 0)
        let prune = try journal("prune", folder.journal)
        #expect(prune.code == 0 && prune.output.contains("1 values removed"))
    }

    @Test("A journal that is missing, foreign, damaged or in use has an exit code and a sentence")
    func troubles() throws {
        let folder = try Folder()
        let missing = try journal("show", folder.path("none"))
        #expect(missing.code == 66 && missing.errors.contains("there is no journal") && missing.output.isEmpty)
        let foreign = try journal("prune", folder.url.path)
        #expect(foreign.code == 65 && foreign.errors.contains("isn't a journal"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
        try record(in: folder)
        #expect(try journal("prune", folder.journal, "--keep-runs", "0").code == 64)
        #expect(try journal("prune", folder.journal, "--older-than", "-1").code == 64)
        let store = try JournalStore.open(folder.journal, run: RunRecord(began: .now, program: "p"))
        for verb in [["prune"], ["forget", "--task", "align"]] {
            let outcome = try CommandProgram.run(["journal"] + verb + [folder.journal])
            #expect(outcome.code == 75 && String(decoding: outcome.errors, as: UTF8.self).contains("being written by"))
        }
        #expect(try journal("show", folder.journal).output.contains("being written by process \(getpid())"))
        try store.close(nil)
        // Damage in the middle of a segment, and a value that is another one.
        let segments = folder.journal + "/segments"
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: segments).sorted().first)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: segments + "/" + name))
        for at in 300..<310 { bytes[at] ^= 0x55 }
        try bytes.write(to: URL(fileURLWithPath: segments + "/" + name))
        let verify = try journal("verify", folder.journal)
        #expect(verify.code == 65 && verify.errors.contains("damaged bytes") && verify.output.contains("kind"))
        #expect(try journal("list", folder.journal).code == 0)
    }
}
