import AsyncFlow
import AsyncFlowBase
import Foundation
import Testing

@testable import AsyncFlowJournal

/// Runs `asyncflow waiting`, `signal` and `resume` as they are built.
@Suite("The commands asyncflow waiting, signal and resume", .timeLimit(.minutes(2)))
struct WaitingCommandTests {
    private final class Folder {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("asyncflow-waiting-\(UUID())")
        init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(at: url) }
        var journal: String { url.appendingPathComponent("a b.journal").path }
    }

    private func asyncflow(_ words: String...) throws -> (code: Int32, output: String, errors: String) {
        let outcome = try CommandProgram.run(words)
        return (
            outcome.code, String(decoding: outcome.output, as: UTF8.self),
            String(decoding: outcome.errors, as: UTF8.self)
        )
    }

    private func record(
        _ folder: Folder, program: String = "/bin/echo", arguments: [String] = ["a b", "$HOME; false", "'\"\\"],
        outcome: EndRecord.Outcome? = .parked, _ records: [JournalRecord]
    ) throws {
        let store = try JournalStore.open(
            folder.journal,
            run: RunRecord(began: .now, program: program, arguments: arguments, directory: folder.url.path))
        for record in records { try store.append(record) }
        try store.close(outcome.map { EndRecord(outcome: $0, time: .now) })
    }

    private func waiting(_ number: UInt64, _ name: String, _ type: String = "Bool", deadline: JournalTime? = nil)
        -> JournalRecord
    {
        .waiting(
            WaitingRecord(
                call: CallID(low: number, high: 1), name: name, type: type, question: "Publish \u{1B}[2J 3?",
                since: 1_800_000_000_000_000, deadline: deadline))
    }

    @Test("show what is waited for, and how to answer")
    func showing() throws {
        let folder = try Folder()
        let timer = TimerRecord(call: CallID(low: 9, high: 9), name: "tea", due: 1_900_000_000_000_000)
        try record(folder, [waiting(1, "approve"), waiting(2, "name", "String"), .timer(timer)])
        let shown = try asyncflow("waiting", folder.journal)
        #expect(shown.code == 0 && !shown.output.contains("\u{1B}"))
        for text in ["approve", "Bool", "Publish", "tea", "asyncflow signal '\(folder.journal)' approve VALUE"] {
            #expect(shown.output.contains(text), "\(text)")
        }
        let json = try asyncflow("waiting", "--json", folder.journal)
        let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: [[String: Any]]]
        #expect(object?["questions"]?.count == 2 && object?["sleeps"]?.count == 1)
        try record(folder, outcome: .completed, [])
        try #expect(asyncflow("waiting", folder.journal).output == "nothing is waited for\n")
    }

    @Test(
        "put an answer into the inbox as JSON",
        arguments: [
            ("approve", "true", "true"), ("approve", "yes", "\"yes\""), ("name", "42", "\"42\""),
            ("name", "\"42\"", "\"42\""), ("other", "{\"a\": [1, null]}", "{\"a\": [1, null]}"),
        ])
    func sending(name: String, value: String, payload: String) throws {
        let folder = try Folder()
        try record(folder, [waiting(1, "approve"), waiting(2, "name", "String")])
        let sent = try asyncflow("signal", folder.journal, name, value)
        #expect(sent.code == 0, "\(sent.errors)")
        #expect(sent.output.contains(name == "other" ? "nothing waits for 'other' now, but for" : "asyncflow resume"))
        let inbox = Inbox(of: folder.journal)
        let message = try #require(inbox.messages().first)
        #expect(message.name == name)
        #expect(try String(decoding: inbox.read(message.file), as: UTF8.self) == payload)
    }

    @Test("say what is wrong with a name, a journal, or an answer")
    func errors() throws {
        let folder = try Folder()
        try #expect(asyncflow("signal", folder.journal, "approve", "true").code == 66)
        try #expect(asyncflow("waiting", folder.journal).code == 66)
        try #expect(asyncflow("resume", folder.journal).code == 66)
        #expect(!FileManager.default.fileExists(atPath: folder.journal))
        try record(folder, [])
        let named = try asyncflow("signal", folder.journal, "a/b", "true")
        #expect(named.code == 64 && named.errors.contains("can't be the name of a signal"))
        try #expect(asyncflow("signal", folder.journal, "a", String(repeating: "x", count: 70_000)).code == 0)
        try Data().write(to: URL(fileURLWithPath: folder.journal + "/x"))
        try FileManager.default.removeItem(atPath: folder.journal + "/inbox")
        try Data().write(to: URL(fileURLWithPath: folder.journal + "/inbox"))
        let blocked = try asyncflow("signal", folder.journal, "a", "true")
        #expect(blocked.code == 73 && blocked.errors.contains("can't be put into the inbox"))
    }

    @Test("start the program with its words, without a shell between")
    func resuming() throws {
        let folder = try Folder()
        try record(folder, [waiting(1, "approve")])
        let resumed = try asyncflow("resume", folder.journal)
        #expect(resumed.code == 0 && resumed.output == "a b $HOME; false '\"\\\n", "\(resumed.errors)")
        let shown = try asyncflow("resume", "--print", folder.journal)
        #expect(shown.output.hasSuffix("/bin/echo 'a b' '$HOME; false' ''\\''\"\\'\n"), "\(shown.output)")
        let nothing = try asyncflow("resume", "--when-due", folder.journal)
        #expect(nothing.code == 0 && nothing.output.hasPrefix("nothing is due: answers are waited for to 'approve'"))
        _ = try Inbox(of: folder.journal).post(Array("true".utf8), for: "approve")
        try #expect(asyncflow("resume", "--when-due", folder.journal).output.hasPrefix("a b "))
    }

    @Test("start it when a time has come or a run was interrupted, and not when it is done")
    func due() throws {
        for (records, outcome, isDue) in [
            ([waiting(1, "a", deadline: 5)], .parked, true),
            ([waiting(1, "a", deadline: .now + 1_000_000_000)], .parked, false),
            ([.timer(TimerRecord(call: CallID(low: 1, high: 1), name: "t", due: .now - 5))], .parked, true),
            (
                [.timer(TimerRecord(call: CallID(low: 1, high: 1), name: "t", due: .now + 1_000_000_000))], .parked,
                false
            ),
            ([], .completed, false), ([], .failed, false), ([], nil, true),
        ] as [([JournalRecord], EndRecord.Outcome?, Bool)] {
            let folder = try Folder()
            try record(folder, outcome: outcome, records)
            let resumed = try asyncflow("resume", "--when-due", folder.journal)
            #expect(resumed.code == 0)
            #expect(resumed.output.hasPrefix("a b ") == isDue, "\(records) \(resumed.output)")
        }
    }

    @Test("start nothing that somebody else could have written, or that isn't recorded whole")
    func trust() throws {
        let folder = try Folder()
        try record(folder, [])
        chmod(folder.journal + "/segments", 0o777)
        let open = try asyncflow("resume", folder.journal)
        #expect(open.code == 77 && open.output.isEmpty && open.errors.contains("others than its owner"))
        chmod(folder.journal + "/segments", 0o700)
        try record(folder, arguments: [String(repeating: "x", count: 20_000)], [])
        let cut = try asyncflow("resume", folder.journal)
        #expect(cut.code == 65 && cut.errors.contains("isn't recorded as it was"))
        for words in [["--token", "[redacted]"], ["a", "… and 7 more words"]] {
            try record(folder, arguments: words, [])
            let masked = try asyncflow("resume", folder.journal)
            #expect(masked.code == 65 && masked.errors.contains("not all words"), "\(masked.errors)")
        }
        try record(folder, program: "/nonexistent/program", [])
        let missing = try asyncflow("resume", folder.journal)
        #expect(missing.code == 126 && missing.errors.contains("can't be started"))
        try record(folder, program: "echo", [])
        try #expect(asyncflow("resume", folder.journal).code == 65)
    }
}
