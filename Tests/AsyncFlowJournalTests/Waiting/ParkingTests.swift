import AsyncFlow
import AsyncFlowBase
import Foundation
import TestSupport
import Testing

@testable import AsyncFlowJournal

@Suite("Parking", .timeLimit(.minutes(5)))
struct ParkingTests {
    @Test("ends a run that only waits, and goes on when the answer is there")
    func answer() async throws {
        let folder = try JournalFolder()
        func run() async throws -> Int {
            try await folder.run(parking: .milliseconds(100)) { flow in
                let block = flow.block("block") { () async throws -> Int in
                    try await flow.signal("a", as: Int.self).value + 1
                }
                return try await block().value
            }
        }
        let parked = await #expect(throws: ParkedError.self) { _ = try await run() }
        #expect(parked?.description.contains("for an answer to 'a'") == true, "\(parked?.description ?? "")")
        let contents = try JournalStore.read(folder["journal"]).0
        #expect(contents.runs.last?.end?.outcome == .parked)
        #expect(OpenWaits(contents).questions.map(\.name) == ["a"])
        #expect(!OpenWaits(contents).isDue(at: .now, messages: ["b"]))
        #expect(OpenWaits(contents).isDue(at: .now, messages: ["a"]))
        _ = try Inbox(of: folder["journal"]).post(Array("4".utf8), for: "a")
        try await #expect(run() == 5)
        #expect(OpenWaits(try JournalStore.read(folder["journal"]).0).isEmpty)
    }

    @Test("leaves a run alone that does something, or has a time to wait for that is near")
    func busy() async throws {
        let folder = try JournalFolder()
        let value = try await folder.run(parking: .milliseconds(100)) { flow in
            let waits = flow.signal("a", as: Int.self)
            // A command, a body that suspends, a near time, and a pause between attempts.
            let command = flow.executableTask("command") { "/bin/sleep 0.4" }
            _ = try await command().value
            try await flow.sleep(for: .milliseconds(50))
            let body = flow.functionTask("body") { () async throws -> Int in
                try await Task.sleep(for: .milliseconds(400))
                return 1
            }
            let flaky = flow.functionTask("flaky", .retry(2, backoff: .constant(.milliseconds(400)))) {
                () throws -> Int in
                if TaskContext.current!.attempt == 1 { throw Flaky() }
                return 2
            }
            let sum = try await body().value + flaky().value
            waits.cancel()
            return sum
        }
        #expect(value == 3)
    }

    private struct Flaky: Error {}

    @Test("waits for a quiet time without a break, and for times that are far")
    func rule() {
        var rule = ParkingRule(limit: .seconds(10))
        func look(_ mark: UInt64?, _ next: Int?, _ now: Int) -> Bool {
            rule.look(mark, next: next.map { .seconds($0) }, now: .seconds(now))
        }
        #expect(!look(1, nil, 0))
        #expect(!look(1, nil, 9))
        #expect(!look(2, nil, 10))  // a task was called meanwhile
        #expect(!look(2, nil, 19))
        #expect(!look(nil, nil, 20))  // something goes on
        #expect(!look(2, nil, 21))
        #expect(!look(2, 10, 31))  // a near time
        #expect(!look(2, 11, 32))
        #expect(!look(2, 11, 41))
        #expect(look(2, 11, 42))
    }

    @Test("ends the program with code 75")
    func exitCode() throws {
        let folder = try JournalFolder()
        let environment = ["PROBE_JOURNAL": folder["journal"]]
        let parked = try JournalProbeProcess(["park", "a b", "$HOME"], environment)
        #expect(parked.status == 75, "\(parked.errors)")
        #expect(parked.errors.contains("the run is parked"))
        #expect(parked.errors.contains("asyncflow signal \(folder["journal"]) go 1"))
        _ = try Inbox(of: folder["journal"]).post(Array("21".utf8), for: "go")
        let done = try JournalProbeProcess(["park", "a b", "$HOME"], environment)
        #expect(done.status == 0 && done.output == "42 park|a b|$HOME\n", "\(done.errors)")
    }
}
