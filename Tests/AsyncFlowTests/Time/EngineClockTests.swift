import TestSupport
@testable import AsyncFlowBase
import AsyncFlowTesting
import Testing

@testable import AsyncFlow

@Suite("The clock of an engine", .timeLimit(.minutes(1)))
struct EngineClockTests {
    @Test("it starts at zero, wherever the other one stands")
    func start() {
        let manual = ManualClock(now: .init(offset: .seconds(500)))
        let clock = EngineClock(manual)
        #expect(clock.now() == .zero)
        manual.advance(by: .seconds(3))
        #expect(clock.now() == .seconds(3))
    }

    @Test("a sleep ends when the time has come")
    func sleep() async throws {
        let manual = ManualClock(now: .init(offset: .seconds(500)))
        let clock = EngineClock(manual)
        async let slept: Void = clock.sleep(until: .seconds(5))
        try await manual.waitForSleepers(1)
        #expect(manual.nextDeadline == .init(offset: .seconds(505)))
        manual.advance(by: .seconds(5))
        try await slept
        try await clock.sleep(until: .seconds(4))  // over: at once
    }

    @Test("a very long sleep is slept in parts that every clock can count")
    func longSleep() async throws {
        let manual = ManualClock()
        let clock = EngineClock(manual)
        let sleeper = Task { try await clock.sleep(until: .seconds(Int64.max)) }
        try await manual.waitForSleepers(1)
        #expect(manual.nextDeadline == .init(offset: .seconds(30 * 86_400)))
        manual.advanceToNextSleeper()
        try await manual.waitForSleepers(1)
        #expect(manual.nextDeadline == .init(offset: .seconds(60 * 86_400)))
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
    }

    @Test("it works with the clocks of the standard library")
    func standardClocks() async throws {
        let clocks: [any Clock<Duration>] = [ContinuousClock(), SuspendingClock()]
        for clock in clocks.map(EngineClock.init) {
            try await clock.sleep(until: .milliseconds(2))
            #expect(clock.now() >= .milliseconds(2))
            let sleeper = Task { try await clock.sleep(until: .aCentury) }
            sleeper.cancel()
            await #expect(throws: CancellationError.self) { try await sleeper.value }
        }
    }
}
