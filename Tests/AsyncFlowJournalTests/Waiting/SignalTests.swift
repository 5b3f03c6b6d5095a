import AsyncFlow
import AsyncFlowBase
import AsyncFlowTesting
import Foundation
import Logging
import TestSupport
import Testing

@testable import AsyncFlowJournal

@Suite("Signals", .timeLimit(.minutes(5)))
struct SignalTests {
    private struct Verdict: Codable, Sendable, Equatable {
        var isGood: Bool
        var note: String
    }

    private func inbox(_ folder: JournalFolder) -> Inbox { Inbox(of: folder["journal"]) }

    private func post(_ json: String, _ name: String, _ folder: JournalFolder) throws -> String {
        try inbox(folder).post(Array(json.utf8), for: name)
    }

    /// Runs an engine without a journal.
    private nonisolated(nonsending) func inMemory<Result>(
        clock: any Clock<Duration> = ContinuousClock(), dryRun: Bool = false,
        _ body: (WorkflowEngine) async throws -> Result
    ) async throws -> Result {
        var configuration = WorkflowEngine.Configuration(workers: 2, workDirectory: NSTemporaryDirectory())
        configuration.clock = clock
        configuration.dryRun = dryRun
        configuration.logger.logLevel = .critical
        return try await withWorkflowEngine(configuration, signals: .ignored, body)
    }

    @Test("are answered by a file that is there before the wait, or comes while it lasts")
    func files() async throws {
        let folder = try JournalFolder()
        try await folder.run { flow in
            let early = try post("{\"isGood\": true, \"note\": \"ä\"}", "verdict", folder)
            try await #expect(
                flow.signal("verdict", as: Verdict.self).value == Verdict(isGood: true, note: "ä"))
            try await until("the message is gone") { inbox(folder).fate(of: early) == .taken }
            let late = flow.signal("go", as: Int.self, asking: "How many?")
            try await until("it waits") { !flow.questions.open.isEmpty }
            #expect(flow.questions.open.first?.text == "How many?")
            _ = try post("42", "go", folder)
            try await #expect(late.value == 42)
            #expect(flow.questions.open.isEmpty)
            #expect(inbox(folder).messages().isEmpty)
        }
    }

    @Test("have the same answer in each later run, and don't ask again")
    func resumed() async throws {
        let folder = try JournalFolder()
        _ = try post("7", "number", folder)
        for _ in 0..<3 {
            try await folder.run { flow in
                let double = flow.functionTask("double", durable: 1) { (value: Int) in value * 2 }
                try await #expect(double(flow.signal("number", as: Int.self)).value == 14)
            }
        }
    }

    @Test("keep an answer that was accepted just before the program was killed")
    func acceptedOnly() async throws {
        let folder = try JournalFolder()
        _ = try post("7", "number", folder)
        // Only the acceptance was recorded, and the file is still there.
        let file = try #require(inbox(folder).messages().first?.file)
        try await folder.run { flow in
            let waits = flow.signal("other", as: Int.self)
            try await until("it waits") { !flow.questions.open.isEmpty }
            waits.cancel()
        }
        let (contents, _) = try JournalStore.read(folder["journal"])
        var call: CallID?
        contents.forEach([.waiting]) { entry in
            if case .waiting(let waiting) = entry.record { call = waiting.call }
            return true
        }
        let store = try JournalStore.open(folder["journal"], run: RunRecord(began: .now, program: "x"))
        try store.append(
            .signal(
                SignalRecord(
                    name: "other", message: SignalName.message(in: file), time: .now, payload: Array("9".utf8),
                    answered: SignalRecord.Answered(#require(call), in: .program))))
        try store.close(nil)
        try await folder.run { flow in
            try await #expect(flow.signal("other", as: Int.self).value == 9)
            // The same message isn't taken twice.
            let next = flow.signal("number", as: Int.self)
            try await until("the file is gone") { inbox(folder).messages().isEmpty }
            #expect(!next.state.isTerminal)
            next.cancel()
        }
    }

    @Test("give the n-th message to the n-th wait, across runs")
    func order() async throws {
        var random = SeededRandom(seed: TestRun.seed)
        print("signals in order: seed \(TestRun.seed)")
        for _ in 0..<4 {
            let folder = try JournalFolder()
            let count = Int.random(in: 1...12, using: &random)
            for number in 0..<count { _ = try post("\(number)", "n", folder) }
            var stopAt = Int.random(in: 0...count, using: &random)
            while true {
                let values = try await folder.run { flow -> [Int]? in
                    var values: [Int] = []
                    while values.count < count {
                        if values.count == stopAt { return nil }
                        values.append(try await flow.signal("n", as: Int.self).value)
                    }
                    return values
                }
                if let values {
                    #expect(values == Array(0..<count), "seed \(TestRun.seed)")
                    break
                }
                stopAt = Int.random(in: stopAt + 1...count + 1, using: &random)
            }
        }
    }

    @Test("refuse what isn't of the type, say why, and wait on")
    func wrongType() async throws {
        let folder = try JournalFolder()
        try await folder.run { flow in
            let answer = flow.signal("approve", as: Bool.self)
            for bad in ["\"yes\"", "{", "1", String(repeating: "[", count: 5000), ""] {
                let file = try post(bad, "approve", folder)
                try await until("it is refused") { inbox(folder).fate(of: file) != .waits }
                guard case .rejected(let reason) = inbox(folder).fate(of: file) else {
                    Issue.record("\(bad.prefix(10)) was taken")
                    continue
                }
                #expect(reason.hasPrefix("'approve' waits for Bool, and this is no such value: "), "\(reason)")
            }
            let large = try post("\"\(String(repeating: "x", count: 300_000))\"", "approve", folder)
            try await until("it is refused") {
                inbox(folder).fate(of: large) == .rejected("a message has at most 262144 bytes\n")
            }
            #expect(throws: SignalError.self) { try flow.send(3, to: "approve") }
            #expect(flow.questions.answer("approve", with: Array("3".utf8)) != .taken)
            #expect(flow.questions.answer("nobody", with: Array("true".utf8)) == .notAsked)
            #expect(flow.questions.answer("approve", with: Array("true".utf8)) == .taken)
            try await #expect(answer.value)
        }
    }

    @Test("leave things alone that are no messages")
    func foreign() async throws {
        let folder = try JournalFolder()
        try await folder.run { flow in
            let answer = flow.signal("a", as: Int.self)
            try await until("it waits") { !flow.questions.open.isEmpty }
            let path = folder["journal/inbox"]
            try PrivateDirectory.createPath("\(path)/a.folder.json")
            mkfifo("\(path)/a.pipe.json", 0o600)
            symlink("/dev/zero", "\(path)/a.link.json")
            try "1".write(toFile: "\(path)/a.json", atomically: false, encoding: .utf8)
            try "1".write(toFile: "\(path)/.a.x.json.new", atomically: false, encoding: .utf8)
            try "1".write(toFile: "\(path)/b.x.json", atomically: false, encoding: .utf8)
            _ = try post("2", "a", folder)
            try await #expect(answer.value == 2)
        }
    }

    @Test(
        "have names that can be those of files",
        arguments: ["", ".a", "a/b", "ä", "a b", String(repeating: "x", count: 101)])
    func names(name: String) async throws {
        try await inMemory { flow in
            let failure = await flow.signal(name, as: Int.self).result
            guard case .failure(let error as TaskFailedError) = failure else {
                Issue.record("\(failure)")
                return
            }
            #expect((error.cause as? SignalError)?.reason == .invalidName)
            #expect(throws: SignalError.self) { try flow.send(1, to: name) }
        }
    }

    @Test("work in memory without a journal, in order, before and after the wait")
    func memory() async throws {
        try await inMemory { flow in
            for number in 0..<5 { try flow.send(number, to: "n") }
            try flow.send("text", to: "other")
            for number in 0..<5 { try await #expect(flow.signal("n", as: Int.self).value == number) }
            let waits = (0..<5).map { _ in flow.signal("n", as: Int.self) }
            try await until("all wait") { flow.questions.open.count == 5 }
            for number in 0..<5 { try flow.send(number, to: "n") }
            let values = try await waits.values()
            #expect(values == Array(0..<5))
            try await #expect(flow.signal("other", as: String.self).value == "text")
        }
    }

    @Test("stand for a value in a dry run")
    func dryRun() async throws {
        try await inMemory(dryRun: true) { flow in
            try await #expect(flow.signal("a", as: Int.self, dryRunValue: 5).value == 5)
            try await flow.sleep(for: .seconds(1_000_000))
            let value = try await flow.loop("endless", durable: 1, from: 0, dryRunValue: 8) {
                LoopStep<Int, Int>.next($0)
            }
            #expect(value == 8)
        }
    }

    @Test("fail when the time is over, by the engine's clock")
    func timeout() async throws {
        let clock = ManualClock()
        try await inMemory(clock: clock) { flow in
            let answer = flow.signal("a", as: Int.self, timeout: .seconds(3600))
            try await clock.waitForSleepers(1)
            clock.advance(by: .seconds(3599))
            try await clock.waitForSleepers(1)
            #expect(!answer.state.isTerminal)
            clock.advance(by: .seconds(1))
            guard case .failure(let error as TaskFailedError) = await answer.result else {
                Issue.record("it has ended in another way")
                return
            }
            #expect((error.cause as? SignalError)?.reason == .timedOut)
            #expect(FailureClass.timedOut.description == "timedOut")
            // A message that comes too late is for the next wait.
            try flow.send(4, to: "a")
            try await #expect(flow.signal("a", as: Int.self, timeout: .seconds(1)).value == 4)
        }
    }

    @Test("count their time from the first run, and time out once and for all")
    func timeoutAcrossRuns() async throws {
        let folder = try JournalFolder()
        let start = JournalTime.now
        func run(at hours: Double, _ body: (TaskFuture<Int>, ManualClock) async throws -> Void) async throws {
            let clock = ManualClock()
            try await folder.run(clock: clock) { flow in
                flow.setWaitingRoom(now: start + JournalTime(hours * 3600e6))
                try await body(flow.signal("a", as: Int.self, timeout: .seconds(48 * 3600)), clock)
            }
        }
        try await run(at: 0) { future, clock in
            try await clock.waitForSleeper(dueBy: .init(offset: .seconds(48 * 3600)))
            future.cancel()
        }
        try await run(at: 40) { future, clock in
            try await clock.waitForSleeper(dueBy: .init(offset: .seconds(8 * 3600 + 1)))
            future.cancel()
        }
        // A message that is there counts, also when the time is over meanwhile; here there is none.
        try await run(at: 50) { future, _ in
            guard case .failure(let error as TaskFailedError) = await future.result else { return }
            #expect((error.cause as? SignalError)?.reason == .timedOut)
        }
        _ = try post("5", "a", folder)
        try await run(at: 51) { future, _ in
            guard case .failure(let error as TaskFailedError) = await future.result else {
                Issue.record("it was answered after its time")
                return
            }
            #expect((error.cause as? SignalError)?.reason == .timedOut)
        }
    }

    @Test("wait again when a person asks for it")
    func rerunning() async throws {
        let folder = try JournalFolder()
        _ = try post("1", "a", folder)
        try await folder.run { flow in try await #expect(flow.signal("a", as: Int.self).value == 1) }
        _ = try post("2", "a", folder)
        try await folder.run(rerunning: ["a"]) { flow in
            try await #expect(flow.signal("a", as: Int.self).value == 2)
        }
        try await folder.run { flow in try await #expect(flow.signal("a", as: Int.self).value == 2) }
    }

    @Test("hand over under pressure each message once")
    func pressure() async throws {
        let folder = try JournalFolder()
        try await folder.run { flow in
            let waits = (0..<50).map { _ in flow.signal("n", as: Int.self) }
            let posting = Task { [folder] in
                for number in 0..<60 { _ = try self.post("\(number)", "n", folder) }
            }
            var cancelled = 0
            for wait in waits where wait.id.number % 7 == 0 {
                wait.cancel()
                cancelled += 1
            }
            try await posting.value
            var got: [Int] = []
            for wait in waits { if case .success(let value) = await wait.result { got.append(value) } }
            #expect(Set(got).count == got.count)
            #expect(got.count >= 50 - cancelled)
        }
    }
}
