import TestSupport
import AsyncFlowTesting
import Testing

@testable import AsyncFlow
@testable import AsyncFlowBase

@Suite("Timers on a clock", .timeLimit(.minutes(1)))
struct TimersTests {
    private let clock = ManualClock()
    private let fired = Recorder<String>()

    private func makeTimers() -> Timers { Timers(clock: EngineClock(clock)) }

    /// Moves the clock as a timer does that goes off then, and returns when it has.
    private func pass(_ timers: Timers, to seconds: Int) async {
        let (stream, end) = AsyncStream.makeStream(of: Void.self)
        timers.schedule(at: .seconds(seconds)) { end.finish() }
        clock.advance(to: .init(offset: .seconds(seconds)))
        for await _ in stream {}
    }

    @Test("timers go off at their time, in order")
    func order() async throws {
        let timers = makeTimers()
        for second in [3, 1, 2, 9] { timers.schedule(at: .seconds(second)) { [fired] in fired.append("\(second)") } }
        try await clock.waitForSleeper(dueBy: .init(offset: .seconds(1)))
        #expect(fired.values == [])
        await pass(timers, to: 2)
        #expect(fired.values == ["1", "2"])
        await pass(timers, to: 5)
        #expect(fired.values == ["1", "2", "3"])
        #expect(timers.count == 1)
        await timers.shutdown()
        #expect(fired.values == ["1", "2", "3"])
    }

    @Test("a timer of the past goes off at once")
    func past() async {
        let timers = makeTimers()
        clock.advance(by: .seconds(10))
        await withCheckedContinuation { continuation in
            timers.schedule(at: .seconds(1)) { continuation.resume() }
        }
        await timers.shutdown()
    }

    @Test("an earlier timer wakes the sleeper, and there is never more than one")
    func earlier() async throws {
        let timers = makeTimers()
        for second in (1...50).reversed() {
            timers.schedule(at: .seconds(second)) { [fired] in fired.append("\(second)") }
            try await clock.waitForSleeper(dueBy: .init(offset: .seconds(second)))
            #expect(clock.sleeperCount == 1)
        }
        await pass(timers, to: 50)
        #expect(fired.values == (1...50).map(String.init))
        await timers.shutdown()
        #expect(clock.sleeperCount == 0)
    }

    @Test("a cancelled timer doesn't go off, and without timers nobody sleeps")
    func cancel() async throws {
        let timers = makeTimers()
        let id = timers.schedule(at: .seconds(1)) { [fired] in fired.append("cancelled") }
        try await clock.waitForSleepers(1)
        #expect(timers.cancel(id))
        #expect(!timers.cancel(id))
        while clock.sleeperCount > 0, !Task.isCancelled { await Task.yield() }
        await pass(timers, to: 2)
        #expect(fired.values == [])
        #expect(timers.count == 0)
        await timers.shutdown()
    }

    @Test("an action may set, cancel and use the clock")
    func fromInside() async {
        let timers = makeTimers()
        await withCheckedContinuation { continuation in
            timers.schedule(at: .zero) {
                let id = timers.schedule(at: .zero) { [fired] in fired.append("cancelled") }
                #expect(timers.cancel(id))
                timers.schedule(at: timers.now()) { continuation.resume() }
            }
        }
        #expect(fired.values == [])
        await timers.shutdown()
    }

    @Test("the shutdown drops what is left, and returns when nobody sleeps any more")
    func shutdown() async throws {
        let alive = Counter()
        var timers: Timers? = makeTimers()
        weak let weakTimers = timers
        do {
            let held = Tracked(alive)
            timers?.schedule(at: .seconds(1)) { withExtendedLifetime(held) {} }
        }
        try await clock.waitForSleepers(1)
        await timers?.shutdown()
        #expect(clock.sleeperCount == 0)
        #expect(alive.value == 0)
        timers?.schedule(at: .zero) { [fired] in fired.append("after the shutdown") }
        await timers?.shutdown()
        #expect(timers?.count == 0 && fired.values == [])
        timers = nil
        while weakTimers != nil, !Task.isCancelled { await Task.yield() }
    }

    @Test("many threads set and cancel at once: each timer goes off once, or was cancelled", arguments: [8])
    func concurrently(threads: Int) async {
        let timers = Timers(clock: EngineClock(ContinuousClock()))
        let (went, cancelled) = (Counter(), Counter())
        let perThread = 2000
        await withDiscardingTaskGroup { group in
            for thread in 0..<threads {
                group.addTask {
                    var random = SeededRandom(seed: UInt64(thread))
                    for _ in 0..<perThread {
                        let time = timers.now() + .microseconds(Int.random(in: -50...3000, using: &random))
                        let id = timers.schedule(at: time) { went.add(1) }
                        if random.chance(0.5), timers.cancel(id) { cancelled.add(1) }
                        if random.chance(0.05) { await Task.yield() }
                    }
                }
            }
        }
        while went.value + cancelled.value < threads * perThread, !Task.isCancelled { await Task.yield() }
        await timers.shutdown()
        #expect(went.value + cancelled.value == threads * perThread)
        #expect(timers.count == 0)
    }

    @Test("a hundred thousand timers need one sleeper")
    func many() async throws {
        let timers = makeTimers()
        let went = Counter()
        for number in 0..<100_000 { timers.schedule(at: .milliseconds(number + 1)) { went.add(1) } }
        try await clock.waitForSleepers(1)
        #expect(clock.sleeperCount == 1)
        await pass(timers, to: 50)
        #expect(went.value == 50_000)
        await timers.shutdown()
        #expect(went.value == 50_000 && clock.sleeperCount == 0)
    }

    /// Can't sleep, as a clock that was given up.
    struct SleeplessClock: Clock {
        let base = ContinuousClock()
        var now: ContinuousClock.Instant { base.now }
        var minimumResolution: Duration { base.minimumResolution }
        func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws { throw TestError() }
    }

    @Test("timers go off on a clock that can't sleep")
    func sleepless() async {
        let timers = Timers(clock: EngineClock(SleeplessClock()))
        await withCheckedContinuation { continuation in
            timers.schedule(at: .milliseconds(30)) { continuation.resume() }
        }
        #expect(timers.now() >= .milliseconds(30))
        await timers.shutdown()
    }
}
