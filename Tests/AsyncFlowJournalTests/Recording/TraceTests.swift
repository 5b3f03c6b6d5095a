import AsyncFlow
import AsyncFlowBase
import Foundation
import Testing

@testable import AsyncFlowJournal

@Suite("Traces of started commands", .timeLimit(.minutes(1)))
struct TraceTests {
    private let call = ShortDigest(low: 1, high: 2)
    private let trace = CommandTrace(
        backend: "cluster", ticket: [1, 2, 3], directory: "/a folder",
        output: .files(standardOutput: "/out", standardError: "/error"))

    private var started: JournalRecord {
        .started(
            StartedRecord(
                header: CallHeader(definition: DefinitionNumber(0), call: call, key: call), time: .now,
                backend: trace.backend, ticket: trace.recorded))
    }

    private var failure: JournalRecord {
        .failure(
            FailureRecord(
                header: CallHeader(definition: DefinitionNumber(0), call: call, key: call), began: .now, duration: 0,
                error: RecordedError(type: "", message: "")))
    }

    private var attempt: JournalRecord {
        .attempt(AttemptRecord(call: call, attempt: 1, time: .now, error: RecordedError(type: "", message: "")))
    }

    /// Writes runs that don't end, and returns what the next one finds.
    private func history(after runs: [[JournalRecord]], compacting: Bool = false) throws -> JournalHistory {
        let folder = try JournalFolder()
        for records in runs {
            let store = try JournalStore.open(folder["journal"], run: RunRecord(began: .now, program: "test"))
            _ = store.define(
                DefinitionRecord(kind: "executable", name: "task", version: "", place: "", types: ""))
            for record in records { try store.append(record) }
            try store.close(nil)
        }
        if compacting { _ = try JournalStore.prune(folder["journal"], options: JournalStore.Options()) }
        let store = try JournalStore.open(folder["journal"], run: RunRecord(began: .now, program: "test"))
        defer { try? store.close(nil) }
        return JournalHistory(store, isFresh: false)
    }

    @Test(
        "Are found until an end, a failed attempt, a cancellation or a fresh start is recorded",
        arguments: [false, true])
    func found(compacting: Bool) throws {
        let ended = JournalRecord.note(NoteRecord(kind: CallTraces.forgottenKind, call: call, time: .now))
        let rows: [(runs: [[JournalRecord]], isTraced: Bool, isBegun: Bool)] = [
            ([[started]], true, true),
            ([[started], []], true, true),
            ([[started, failure]], false, false),
            ([[started], [failure]], false, false),
            ([[failure], [started]], true, true),
            ([[started, attempt]], false, false),
            ([[started, attempt, started]], true, true),
            ([[started, ended]], false, true),
            ([[started], [.note(JournalHistory.freshNote)]], false, false),
            ([[.note(JournalHistory.freshNote), started]], true, true),
        ]
        for (index, row) in rows.enumerated() {
            let history = try history(after: row.runs, compacting: compacting)
            #expect(history.hasTrace(of: call) == row.isTraced, "row \(index)")
            #expect(history.begun.contains(call) == row.isBegun, "row \(index)")
            #expect(history.takeTrace(of: call) == (row.isTraced ? trace : nil), "row \(index)")
            // Only one attempt looks for it.
            #expect(history.takeTrace(of: call) == nil, "row \(index)")
        }
    }

    @Test("Come back from their bytes, and never from others")
    func bytes() {
        for trace in [
            trace, CommandTrace(backend: "b", ticket: []), CommandTrace(backend: "b", ticket: [7], directory: "x"),
        ] {
            #expect(CommandTrace(backend: trace.backend, recorded: trace.recorded) == trace)
            for count in trace.recorded.indices {
                #expect(CommandTrace(backend: "b", recorded: Array(trace.recorded[..<count])) != trace)
            }
        }
        #expect(CommandTrace(backend: "b", recorded: [1] + Array(repeating: 255, count: 16)) == nil)
        #expect(CommandTrace(backend: "b", recorded: [2]) == nil)
        #expect(BackendTrace([1, 2]) == nil)
    }

    /// Keeps a ticket for each command.
    private final class StubBackend: ReattachingBackend {
        let name = "cluster"
        let log = Lock<[String]>([])
        /// Whether commands wait until they are cancelled.
        let isEndless = Lock(false)

        func execute(_ request: CommandRequest) async throws -> CommandResult {
            log.withLock { $0.append("executed") }
            try await request.keep(ticket: [42])
            request.whenRecorded { [self] in log.withLock { $0.append("cleaned up") } }
            // Traces outside must stay until the value is recorded.
            try await Task.sleep(for: isEndless.withLock { $0 } ? .seconds(1000) : .milliseconds(20))
            log.withLock { $0.append("ended") }
            return CommandResult(standardOutput: Array("new".utf8))
        }

        func reattach(_ ticket: [UInt8], _ request: CommandRequest) async throws -> CommandResult? {
            log.withLock { $0.append("found \(ticket)") }
            return CommandResult(standardOutput: Array("old".utf8))
        }
    }

    @Test("What a command has left is removed after its value was recorded, and not before")
    func cleaningUp() async throws {
        let folder = try JournalFolder()
        let backend = StubBackend()
        let text = try await folder.run(backends: [backend]) { flow in
            try await flow.executableTask("task") { "run" }().value
        }
        #expect(text == "new")
        #expect(backend.log.withLock { $0 } == ["executed", "ended", "cleaned up"])
    }

    @Test("A cancelled command isn't looked for by the next run")
    func cancelled() async throws {
        let folder = try JournalFolder()
        let backend = StubBackend()
        backend.isEndless.withLock { $0 = true }
        try await folder.run(backends: [backend]) { flow in
            let future = flow.executableTask("task") { "run" }()
            while backend.log.withLock({ $0.isEmpty }) { await Task.yield() }
            await flow.shutdown(.immediate)
            _ = await future.result
        }
        backend.isEndless.withLock { $0 = false }
        let text = try await folder.run(backends: [backend]) { flow in
            try await flow.executableTask("task") { "run" }().value
        }
        #expect(text == "new")
        #expect(!backend.log.withLock { $0 }.contains("found [42]"))
    }
}
