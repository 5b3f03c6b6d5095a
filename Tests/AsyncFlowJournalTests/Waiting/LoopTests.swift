import AsyncFlow
import AsyncFlowBase
import Foundation
import TestSupport
import Testing

@testable import AsyncFlowJournal

@Suite("Loops", .timeLimit(.minutes(10)))
struct LoopTests {
    private struct State: Codable, Sendable, Equatable {
        var round = 0
        var values: [Int] = []
    }
    private struct Stop: Error {}

    @Test("go on after the last iteration, within which recorded calls are answered")
    func resumed() async throws {
        let (folder, ran) = (try JournalFolder(), Tally())
        func run(stopAt: Int?) async throws -> [Int]? {
            try await folder.run { flow in
                let draw = flow.functionTask("draw", durable: 1) { () -> Int in
                    ran.add("draw")
                    return Int.random(in: 0 ... .max)
                }
                do {
                    return try await flow.loop("loop", durable: 1, from: State()) { state -> LoopStep<State, [Int]> in
                        ran.add("iteration")
                        var next = state
                        next.values.append(try await draw().value)
                        if state.round == stopAt { throw Stop() }
                        next.round += 1
                        return next.round == 5 ? .done(next.values) : .next(next)
                    }
                } catch { return nil }
            }
        }
        try await #expect(run(stopAt: 2) == nil)
        #expect(ran.all == ["draw": 3, "iteration": 3])
        try await #expect(run(stopAt: 2) == nil)
        #expect(ran.all == ["draw": 3, "iteration": 4])
        let values = try #require(try await run(stopAt: nil))
        // Each iteration has drawn for itself, once.
        #expect(ran.all == ["draw": 5, "iteration": 7])
        #expect(Set(values).count == 5)
        try await #expect(run(stopAt: nil) == values)
        #expect(ran.all == ["draw": 5, "iteration": 7])
    }

    @Test("need a journal of constant size, however many iterations there were", arguments: [1, 4])
    func constantSize(calls: Int) async throws {
        let folder = try JournalFolder()
        func run(to limit: Int) async throws -> (records: UInt64, bytes: UInt64) {
            try await folder.run { flow in
                let step = flow.functionTask("step", durable: 1) { (value: Int) -> Int in value + 1 }
                let inner = flow.block("inner") { (value: Int) async throws -> Int in try await step(value).value }
                _ = try? await flow.loop("loop", durable: 1, from: 0) { (count: Int) -> LoopStep<Int, Int> in
                    for call in 0..<calls { _ = try await inner(call).value }
                    _ = try await flow.loop("nested", durable: 1, from: 0) { (count: Int) -> LoopStep<Int, Int> in
                        _ = try await step(count).value
                        return count == 2 ? .done(0) : .next(count + 1)
                    }
                    try flow.send(count, to: "tick")
                    _ = try await flow.signal("tick", as: Int.self).value
                    try await flow.sleep(for: .microseconds(1))
                    if count == limit { throw Stop() }
                    return .next(count + 1)
                }
            }
            let report = try JournalStore.prune(folder["journal"], options: JournalStore.Options())
            return (report.recordsAfter, report.bytesAfter)
        }
        let short = try await run(to: 10)
        let long = try await run(to: TestRun.isQuick ? 60 : 150)
        // A record of the run and its end more.
        #expect(long.records <= short.records + 6, "\(short) \(long)")
        #expect(long.bytes <= short.bytes + 800, "\(short) \(long)")
    }

    @Test("tell equal calls in an iteration apart, and forget those of iterations that have ended")
    func counting() {
        var ledger = CallLedger()
        let (scope, key) = (ScopeID(9), CallKey(low: 1, high: 2))
        ledger.open(scope)
        let first = ledger.enter(key, in: scope)
        let second = ledger.enter(key, in: scope)
        #expect((first.occurrence, second.occurrence) == (0, 1))
        #expect(first.call != second.call)
        let isFree = ledger.take(second.call, for: scope)
        #expect(!isFree)
        ledger.close(scope)
        #expect(ledger.count == 0)
        ledger.open(scope)
        let again = ledger.enter(key, in: scope)
        #expect(again == first)
    }

    @Test("begin anew with another state, another version, or when asked to")
    func anew() async throws {
        let (folder, ran) = (try JournalFolder(), Tally())
        func run(from start: Int, _ version: TaskVersion = 1, rerunning: [String] = []) async throws -> Int {
            ran.reset()
            return try await folder.run(rerunning: rerunning) { flow in
                _ = try await flow.loop("loop", durable: version, from: start) { (count: Int) -> LoopStep<Int, Int> in
                    ran.add("iteration")
                    return count == start + 3 ? .done(count) : .next(count + 1)
                }
                return ran["iteration"]
            }
        }
        try await #expect(run(from: 0) == 4)
        try await #expect(run(from: 0) == 0)
        try await #expect(run(from: 1) == 4)
        try await #expect(run(from: 0, 2) == 4)
        try await #expect(run(from: 0, 2, rerunning: ["loop"]) == 4)
        try await #expect(run(from: 0, 2) == 0)
    }

    @Test("say so when the recorded state can't be used, and change nothing")
    func otherState() async throws {
        let folder = try JournalFolder()
        func run<Value: Codable & Sendable>(_ type: Value.Type, _ next: Value, stop: Bool) async throws {
            try await folder.run { flow in
                let isFirst = Lock(true)
                let value = try await flow.loop("loop", durable: 1, from: nil as Value?) {
                    (state: Value?) -> LoopStep<Value?, Int> in
                    let first = isFirst.withLock { first in
                        defer { first = false }
                        return first
                    }
                    if !first || !stop { throw Stop() }
                    return .next(next)
                }
                #expect(value == 0)
            }
        }
        await #expect(throws: (any Error).self) { try await run(Int.self, 3, stop: true) }
        let failure = await #expect(throws: TaskFailedError.self) { try await run(String.self, "x", stop: false) }
        #expect(
            "\(failure.map { "\($0)" } ?? "")".contains(
                "the state of the loop 'loop' after 1 iterations can't be decoded"))
        let second = await #expect(throws: TaskFailedError.self) { try await run(Int.self, 3, stop: false) }
        #expect(!"\(second.map { "\($0)" } ?? "")".contains("can't be decoded"))
    }
}
