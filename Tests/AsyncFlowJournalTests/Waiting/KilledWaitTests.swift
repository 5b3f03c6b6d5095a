import Foundation
import TestSupport
import Testing

@testable import AsyncFlowJournal

@Suite("A program that is killed while it waits", .timeLimit(.minutes(10)))
struct KilledWaitTests {
    /// Runs the probe until it ends, killed at some body each time, while messages come in.
    ///
    /// - Returns: its output, and the lines of its log, run by run.
    private func run(
        count: Int, killAt next: () -> Int?, post: (Inbox, Int) throws -> Void
    ) throws -> (output: String, log: [String]) {
        let folder = try JournalFolder()
        var environment = ["PROBE_JOURNAL": folder["journal"], "PROBE_LOG": folder["log"]]
        for round in 0..<200 {
            try post(Inbox(of: folder["journal"]), round)
            environment["PROBE_KILL"] = next().map { "\($0)" } ?? "0"
            let probe = try JournalProbeProcess(["waits", "\(count)"], environment)
            if probe.wasKilled { continue }
            #expect(probe.status == 0, "\(probe.errors)")
            let log = (try? String(contentsOfFile: folder["log"], encoding: .utf8)) ?? ""
            return (probe.output, log.split(separator: "\n").map(String.init))
        }
        Issue.record("the program never came to its end")
        return ("", [])
    }

    private func check(_ outcome: (output: String, log: [String]), _ count: Int, _ what: String) {
        #expect(outcome.output == "values \(Array(0..<count))\n", "\(what)")
        // Each answer was taken once, by the wait that it belongs to, and no iteration was repeated that had ended.
        var rounds = -1
        for line in outcome.log where line.hasPrefix("begin round ") {
            let round = Int(line.dropFirst("begin round ".count)) ?? -1
            #expect(round == rounds || round == rounds + 1, "\(what): \(line)")
            rounds = max(rounds, round)
        }
    }

    @Test("goes on at every body, with the n-th message for the n-th wait")
    func everyBody() throws {
        let count = 3
        for position in stride(from: 1, through: count * 4, by: TestRun.isQuick ? 4 : 1) {
            var isFirst = true
            let outcome = try run(count: count) {
                defer { isFirst = false }
                return isFirst ? position : nil
            } post: { inbox, round in
                guard round == 0 else { return }
                for number in 0..<count { _ = try inbox.post(Array("\(number)".utf8), for: "n") }
            }
            check(outcome, count, "killed at \(position)")
        }
    }

    @Test("goes on however often it is killed, more often than a task that is its cause may be")
    func again() throws {
        var random = SeededRandom(seed: TestRun.seed)
        print("killed while waiting: seed \(TestRun.seed)")
        for _ in 0..<(TestRun.isQuick ? 1 : 3) {
            let count = Int.random(in: 3...6, using: &random)
            var sent = 0
            let outcome = try run(count: count) {
                Int.random(in: 1...7, using: &random)
            } post: { inbox, _ in
                // All that one run may need is there at its start: nobody answers meanwhile.
                while sent < count {
                    _ = try inbox.post(Array("\(sent)".utf8), for: "n")
                    sent += 1
                }
            }
            check(outcome, count, "seed \(TestRun.seed)")
        }
    }
}
