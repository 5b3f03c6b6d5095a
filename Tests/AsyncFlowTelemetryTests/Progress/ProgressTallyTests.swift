import AsyncFlow
import AsyncFlowBase
import Logging
import Testing

@testable import AsyncFlowTelemetry

@Suite("Counting tasks by name", .timeLimit(.minutes(1)))
struct ProgressTallyTests {
    /// Counts what happens, for a test to look at.
    private final class Counter: EventConsumer {
        let tally = Lock(ProgressTally(announced: ["announced": 50], coresTotal: 4))
        func consume(_ events: [WorkflowEvent], droppedCount: Int) {
            tally.withLock { tally in for event in events { tally.apply(event, at: .seconds(1)) } }
        }
        func finish() {}
        func row(_ name: String, at time: Duration = .seconds(1)) -> ProgressStatistics.Row? {
            tally.withLock { $0.statistics(at: time) }.rows.first { $0.name == name }
        }
    }
    private struct Broken: Error {}

    private func withCounter(
        _ body: (WorkflowEngine, Counter, EventAttachment) async throws -> Void
    ) async throws {
        var configuration = WorkflowEngine.Configuration(workers: 2)
        configuration.logger.logLevel = .critical
        try await withWorkflowEngine(configuration, signals: .ignored) { flow in
            let counter = Counter()
            try await body(flow, counter, flow.attach(counter, overflow: .drop()))
        }
    }

    @Test("every task ends in one count, whatever becomes of it")
    func ends() async throws {
        try await withCounter { flow, counter, attachment in
            let good = flow.functionTask("good") {}
            let bad = flow.functionTask("bad") { throw Broken() }
            let after = flow.functionTask("after") { (_: Void) in }
            let endless = flow.functionTask("endless") { try await Task.sleep(for: .seconds(3600)) }
            for _ in 0..<20 { try await good().value }
            _ = await after(bad()).result
            let running = endless()
            let waiting = after(running)
            while counter.row("endless")?.running != 1 { await attachment.flush() }
            #expect(counter.row("after")?.waiting == 1)
            #expect(counter.tally.withLock { $0.statistics(at: .seconds(2)) }.coresBusy == 1)
            running.cancel()
            _ = await waiting.result
            await attachment.flush()
            #expect(counter.row("good")?.completed == 20)
            #expect(counter.row("bad")?.failed == 1)
            let after2 = try #require(counter.row("after"))
            #expect(after2.total == 2 && after2.ended == 2 && after2.running == 0)
            #expect(counter.row("endless")?.cancelled == 1)
            let all = counter.tally.withLock { $0.statistics(at: .seconds(2)) }
            #expect(all.coresBusy == 0)
            #expect(all.lastFailure?.name == "bad")
            #expect(all.lastFailure?.message == "Broken()")
        }
    }

    @Test("tasks that were called before anybody looked are counted as soon as something is heard of them")
    func midway() async throws {
        try await withCounter { flow, _, _ in
            let (gate, open) = AsyncStream.makeStream(of: Void.self)
            let held = flow.functionTask("held") { for await _ in gate {} }
            let next = flow.functionTask("next") { (_: Void) in }
            let started = flow.events
            let first = held()
            let second = next(first)
            for await event in started where event.type == .taskStarted { break }
            let late = Counter()
            let attachment = flow.attach(late, overflow: .drop())
            let third = next(first)
            open.finish()
            _ = await (second.result, third.result)
            await attachment.flush()
            #expect(late.row("held")?.total == 1 && late.row("held")?.completed == 1)
            #expect(late.row("next")?.total == 2 && late.row("next")?.completed == 2)
        }
    }

    @Test("definitions made for each call count under their name")
    func manyDefinitions() async throws {
        try await withCounter { flow, counter, attachment in
            for number in 0..<2000 { _ = await flow.functionTask("name \(number % 7)") {}().result }
            await attachment.flush()
            let rows = counter.tally.withLock { $0.statistics(at: .seconds(2)) }.rows.filter { $0.name != "announced" }
            #expect(rows.count == 7)
            #expect(rows.map(\.completed).reduce(0, +) == 2000)
            #expect(rows.allSatisfy { (285...286).contains($0.total) })
        }
    }

    @Test("what tasks say of how far they are, and attempts that fail")
    func partly() async throws {
        try await withCounter { flow, counter, attachment in
            let (gate, open) = AsyncStream.makeStream(of: Void.self)
            let half = flow.functionTask("half") {
                TaskContext.current?.report(TaskProgress(fraction: 0.25))
                TaskContext.current?.report(TaskProgress(fraction: 0.5))
                for await _ in gate {}
            }
            let future = half()
            while counter.row("half")?.partlyDone != 0.5 { await attachment.flush() }
            open.finish()
            try await future.value
            await attachment.flush()
            #expect(counter.row("half")?.partlyDone == 0)
            let flaky = flow.functionTask("flaky", .retry(3, backoff: .none)) { throw Broken() }
            _ = await flaky().result
            await attachment.flush()
            let row = try #require(counter.row("flaky"))
            #expect(row.total == 1 && row.failed == 1 && row.running == 0)
        }
    }

    @Test("the time left is told only where the number of tasks is known, or nothing speaks for more")
    func timeLeft() async throws {
        try await withCounter { flow, counter, attachment in
            let announced = flow.functionTask("announced") {}
            let open = flow.functionTask("open") {}
            let blocked = flow.functionTask("waiting") { try await Task.sleep(for: .seconds(3600)) }
            #expect(counter.row("announced", at: .zero)?.total == 50)
            for _ in 0..<10 {
                try await announced().value
                try await open().value
            }
            let waiting = (0..<5).map { _ in blocked() }
            await attachment.flush()
            // 10 of 50 in 4 s, none of the second known to come.
            _ = counter.row("announced", at: .zero)
            #expect(counter.row("announced", at: .seconds(4))?.timeLeft == .seconds(16))
            #expect(counter.row("open", at: .seconds(4))?.timeLeft == nil)
            #expect(counter.row("waiting", at: .seconds(4))?.timeLeft == nil)
            for future in waiting { future.cancel() }
        }
    }

    @Test("a rate looks back over some time, and isn't there before it can be known")
    func rate() {
        var meter = RateMeter()
        #expect(meter.rate(of: 5, at: .seconds(5)) == nil)
        for second in 0...100 { meter.note(second * 20, at: .seconds(second)) }
        #expect(meter.rate(of: 2000, at: .seconds(100)) == 20)
        // Faster since then: soon only what was lately counts.
        for second in 101...140 { meter.note(2000 + (second - 100) * 100, at: .seconds(second)) }
        #expect(meter.rate(of: 6000, at: .seconds(140)) == 100)
        var young = RateMeter()
        young.note(0, at: .seconds(3))
        #expect(young.rate(of: 10, at: .milliseconds(3500)) == nil)
        #expect(young.rate(of: 10, at: .seconds(5)) == 5)
        #expect(young.rate(of: 0, at: .seconds(5)) == nil)
    }
}
