import AsyncFlow
import AsyncFlowJournal
import Foundation
import TestSupport
import Testing

@Suite("A program that is killed", .timeLimit(.minutes(10)))
struct KillTests {
    private struct Trace {
        /// How often each body began.
        var began: [String: Int] = [:]
        /// The bodies that began after their value had been handed on.
        var ranInVain: [String] = []

        init(_ log: String) {
            var kept: Set<String> = []
            for line in log.split(separator: "\n") {
                let name = String(line.drop { $0 != " " }.dropFirst())
                if line.hasPrefix("kept ") {
                    kept.insert(name)
                } else {
                    began[name, default: 0] += 1
                    if kept.contains(name) { ranInVain.append(name) }
                }
            }
        }
    }

    /// Runs the probe again and again, killed at some body each time, until it ends.
    private func run(seed: UInt64, killAt next: () -> Int?) throws -> (output: String, runs: Int, trace: Trace) {
        let folder = try JournalFolder()
        var environment = ["PROBE_JOURNAL": folder["journal"], "PROBE_LOG": folder["log"]]
        for runs in 1...200 {
            environment["PROBE_KILL"] = next().map { "\($0)" } ?? "0"
            let probe = try JournalProbeProcess(["run", "\(seed)"], environment)
            if probe.wasKilled { continue }
            #expect(probe.status == 0, "\(probe.errors)")
            return (probe.output, runs, Trace((try? String(contentsOfFile: folder["log"], encoding: .utf8)) ?? ""))
        }
        Issue.record("the program never came to its end, seed \(seed)")
        return ("", 200, Trace(""))
    }

    @Test("goes on at every body, ends with the value of an undisturbed run, and repeats nothing that was handed on")
    func everyBody() throws {
        for seed in [1, TestRun.seed] as [UInt64] {
            let undisturbed = try run(seed: seed) { nil }
            #expect(undisturbed.runs == 1)
            let count = undisturbed.trace.began.values.reduce(0, +)
            #expect(undisturbed.output.hasPrefix("value "))
            let step = TestRun.isQuick ? 5 : 1
            for position in stride(from: 1, through: count, by: step) {
                var isFirst = true
                let killed = try run(seed: seed) {
                    defer { isFirst = false }
                    return isFirst ? position : nil
                }
                #expect(killed.output == undisturbed.output, "seed \(seed), killed at body \(position)")
                #expect(killed.trace.ranInVain == [], "seed \(seed), killed at body \(position)")
                #expect(killed.runs == 2)
            }
        }
    }

    @Test("goes on however often it is killed")
    func again() throws {
        var random = SeededRandom(seed: TestRun.seed)
        print("killed programs: seed \(TestRun.seed)")
        for _ in 0..<(TestRun.isQuick ? 1 : 4) {
            let seed = random.next()
            let undisturbed = try run(seed: seed) { nil }
            let killed = try run(seed: seed) { Int.random(in: 2...5, using: &random) }
            #expect(killed.output == undisturbed.output, "seed \(TestRun.seed)")
            #expect(killed.trace.ranInVain == [], "seed \(TestRun.seed)")
            #expect(killed.runs > 1, "seed \(TestRun.seed)")
        }
    }

    @Test("doesn't start a task a fourth time that has ended it three times, and says which one")
    func crashes() throws {
        let folder = try JournalFolder()
        let environment = ["PROBE_JOURNAL": folder["journal"], "PROBE_LOG": folder["log"]]
        for _ in 0..<3 { try #expect(JournalProbeProcess(["crash"], environment).wasKilled) }
        let fourth = try JournalProbeProcess(["crash"], environment)
        #expect(!fourth.wasKilled && fourth.status == 1)
        #expect(fourth.errors.contains("fatal (call "))
        #expect(fourth.errors.contains("ASYNCFLOW_RERUN=fatal"))
        let log = try String(contentsOfFile: folder["log"], encoding: .utf8)
        #expect(log.split(separator: "\n").count == 3)
        // Asked for, it runs.
        try #expect(
            JournalProbeProcess(["crash"], environment.merging(["ASYNCFLOW_RERUN": "fatal"]) { $1 }).wasKilled)
    }

    @Test("takes the journal that the environment names")
    func environment() throws {
        let folder = try JournalFolder()
        let environment = ["ASYNCFLOW_JOURNAL": folder["journal"], "PROBE_LOG": folder["log"]]
        for _ in 0..<2 { try #expect(JournalProbeProcess(["plain"], environment).output == "2\n") }
        #expect(try String(contentsOfFile: folder["log"], encoding: .utf8) == "begin plain\n")
        let fresh = environment.merging(["ASYNCFLOW_FRESH": "1"]) { $1 }
        try #expect(JournalProbeProcess(["plain"], fresh).output == "2\n")
        #expect(try String(contentsOfFile: folder["log"], encoding: .utf8) == "begin plain\nbegin plain\n")
    }
}
