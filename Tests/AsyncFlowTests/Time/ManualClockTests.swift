import TestSupport
import AsyncFlowTesting
import Testing

@Suite("A clock that tests move", .timeLimit(.minutes(1)))
struct ManualClockTests {
    private let clock = ManualClock()

    private func instant(_ seconds: Int) -> ManualClock.Instant { .init(offset: .seconds(seconds)) }

    @Test("it stands still until it is moved, and never goes back")
    func move() {
        #expect(clock.now == instant(0))
        clock.advance(by: .seconds(5))
        #expect(clock.now == instant(5))
        clock.advance(to: instant(8))
        clock.advance(to: instant(2))
        #expect(clock.now == instant(8))
        #expect(instant(8).duration(to: instant(2)) == .seconds(-6))
    }

    @Test("moving it back is a mistake that stops the program")
    func back() async {
        await #expect(processExitsWith: .failure) { ManualClock().advance(by: .seconds(-1)) }
    }

    @Test("a sleeper wakes at its time, not before")
    func sleep() async throws {
        let sleeper = Task { try await clock.sleep(for: .seconds(5)) }
        try await clock.waitForSleepers(1)
        clock.advance(by: .milliseconds(4999))
        #expect(clock.sleeperCount == 1)
        clock.advance(by: .milliseconds(1))
        #expect(clock.sleeperCount == 0)
        try await sleeper.value
    }

    @Test("a time that is over isn't slept for")
    func noSleep() async throws {
        try await clock.sleep(until: instant(0))
        clock.advance(by: .seconds(5))
        try await clock.sleep(until: instant(5))
    }

    @Test("only who is due wakes")
    func several() async throws {
        let sleepers = (1...10).map { second in Task { try await clock.sleep(until: instant(second)) } }
        try await clock.waitForSleepers(10)
        #expect(clock.nextDeadline == instant(1))
        clock.advance(to: instant(4))
        #expect(clock.sleeperCount == 6 && clock.nextDeadline == instant(5))
        for sleeper in sleepers.prefix(4) { try await sleeper.value }
        while clock.advanceToNextSleeper() {}
        #expect(clock.now == instant(10))
        for sleeper in sleepers { try await sleeper.value }
        #expect(clock.nextDeadline == nil)
    }

    @Test("a cancelled sleeper wakes at once, with an error")
    func cancel() async throws {
        let sleeper = Task { try await clock.sleep(for: .seconds(5)) }
        try await clock.waitForSleepers(1)
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
        #expect(clock.sleeperCount == 0)
    }

    @Test("who is cancelled already doesn't fall asleep")
    func cancelledBefore() async {
        let sleeper = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await clock.sleep(for: .seconds(5))
        }
        await #expect(throws: CancellationError.self) { try await sleeper.value }
        #expect(clock.sleeperCount == 0)
    }

    @Test("a test can wait for a number of sleepers, or for one that wakes in time")
    func wait() async throws {
        let three = Task { try await clock.waitForSleepers(3) }
        let soon = Task { try await clock.waitForSleeper(dueBy: instant(2)) }
        let done = Recorder<Int>()
        let sleepers = [9, 8, 2].map { second in
            Task {
                try await clock.sleep(until: instant(second))
                done.append(second)
            }
        }
        try await three.value
        try await soon.value
        try await clock.waitForSleepers(2)  // three are enough
        clock.advance(to: instant(2))
        try await sleepers[2].value
        #expect(done.values == [2])
        try await clock.waitForSleepers(0)
        clock.advance(to: instant(9))
        for sleeper in sleepers { try await sleeper.value }
    }

    @Test("who waits for sleepers can be cancelled")
    func cancelWait() async {
        for cancelsEarly in [false, true] {
            let watcher = Task {
                if cancelsEarly { withUnsafeCurrentTask { $0?.cancel() } }
                try await clock.waitForSleepers(1)
            }
            watcher.cancel()
            await #expect(throws: CancellationError.self) { try await watcher.value }
        }
    }

    @Test("sleeping, waking and cancelling at once leaves nobody asleep")
    func concurrently() async throws {
        let ended = Counter()
        let sleepers = (0..<500).map { number in
            Task {
                try? await clock.sleep(until: instant(number % 50 + 1))
                ended.add(1)
            }
        }
        for (number, sleeper) in sleepers.enumerated() where number.isMultiple(of: 3) { sleeper.cancel() }
        for second in 1...50 {
            clock.advance(to: instant(second))
            await Task.yield()
        }
        for sleeper in sleepers { await sleeper.value }
        #expect(ended.value == 500 && clock.sleeperCount == 0)
    }
}
