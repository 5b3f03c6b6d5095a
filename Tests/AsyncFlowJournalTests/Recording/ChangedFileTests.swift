import AsyncFlow
import AsyncFlowBase
import Foundation
import Logging
import Testing

@testable import AsyncFlowJournal

@Suite("Files that change", .timeLimit(.minutes(2)))
struct ChangedFileTests {
    @Test("say nothing of a call that has read them before", arguments: [true, false])
    func changedAfterwards(isAsync: Bool) async throws {
        let folder = try JournalFolder()
        // As a program does that keeps its state in a file.
        let advance: @Sendable (InputFile) throws -> String = { file in
            let text = try String(contentsOfFile: file.path, encoding: .utf8)
            try (text + "+").write(toFile: file.path, atomically: false, encoding: .utf8)
            return text
        }
        func run() async throws -> String {
            try await folder.run { flow in
                let step =
                    isAsync
                    ? flow.functionTask("step", durable: 1) { (file: InputFile) async throws -> String in
                        try advance(file)
                    }
                    : flow.functionTask("step", durable: 1) { (file: InputFile) throws -> String in try advance(file) }
                return try await step(InputFile(folder["state"])).value
            }
        }
        try folder.write("0", to: "state")
        for expected in ["0", "0+", "0++"] { try await #expect(run() == expected) }
    }

    @Test("leave a call its name, however recent their last change")
    func freshFile() async throws {
        let (folder, ran) = (try JournalFolder(), Tally())
        var names: [String] = []
        for round in 0..<4 {
            let name = Lock("")
            try await folder.run { flow in
                let step = flow.functionTask("step", durable: 1) { (file: InputFile) throws -> Int in
                    ran.add("step")
                    name.withLock { $0 = TaskContext.current!.callID! }
                    if round < 2 { throw Broken() }
                    return 1
                }
                if round == 0 { try folder.write("content", to: "fresh") }
                _ = await step(InputFile(folder["fresh"])).result
            }
            if round < 3 { names.append(name.withLock { $0 }) }
        }
        #expect(Set(names).count == 1 && names[0].count == 32)
        #expect(ran["step"] == 3)
    }

    @Test(
        "are compared by content where a call began right after their change",
        arguments: [(-1, false, false), (-1, true, true), (1, false, true)])
    func recentChange(delay: JournalTime, isNamed: Bool, isKnown: Bool) throws {
        let folder = try JournalFolder()
        try folder.write("content", to: "file")
        let file = InputFile(folder["file"])
        let settled = try #require(FileFacts(of: file.path)).settled / 1000
        func recorder() throws -> JournalRecorder {
            let journal = Journal(folder["journal"], durability: .process)
            return try JournalRecorder(
                journal, RunSettings(journal, environment: [:]), Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }
        func open(_ recorder: JournalRecorder) throws -> OpenCall {
            let definition = recorder.definition(.function, "step", RecordingOptions())
            let call = RecallableCall([RecallableCall.Part("", file)])
            let identity = try #require(try CallIdentity.make(call, of: definition, recorder.naming))
            return recorder.open(identity, of: definition, in: .program)
        }
        let first = try recorder()
        let call = try open(first)
        #expect(!call.isKnown)
        first.append(first.result(of: call, began: settled + delay), [1])
        if isNamed { first.backlog.name(call, made: []) }
        first.backlog.finish()
        try first.store.close(nil)
        let second = try recorder()
        let again = try open(second)
        #expect(again.id == call.id && again.isKnown == isKnown)
        try second.store.close(nil)
    }
}
