import AsyncFlow
import AsyncFlowTesting
import Foundation
import TestSupport
import Testing

@testable import AsyncFlowJournal

@Suite("Sleeping", .timeLimit(.minutes(5)))
struct SleepTests {
    @Test("goes on in a later run with the rest, and returns at once when that is over")
    func resumed() async throws {
        let folder = try JournalFolder()
        let start = JournalTime.now
        func run(at seconds: Int64, _ body: (ManualClock, Task<Void, any Error>) async throws -> Void) async throws {
            let clock = ManualClock()
            try await folder.run(clock: clock) { flow in
                flow.setWaitingRoom(now: start + seconds * 1_000_000)
                let sleeper = Task { try await flow.sleep(for: .seconds(6 * 3600), "cool down") }
                try await body(clock, sleeper)
            }
        }
        try await run(at: 0) { clock, sleeper in
            try await clock.waitForSleeper(dueBy: .init(offset: .seconds(6 * 3600)))
            sleeper.cancel()
            await #expect(throws: (any Error).self) { try await sleeper.value }
        }
        try await run(at: 3600) { clock, sleeper in
            try await clock.waitForSleepers(1)
            #expect(clock.nextDeadline.map { $0.offset < .seconds(5 * 3600 + 1) } == true)
            #expect(clock.nextDeadline.map { $0.offset > .seconds(5 * 3600 - 1) } == true)
            sleeper.cancel()
            await #expect(throws: (any Error).self) { try await sleeper.value }
        }
        try await run(at: 7 * 3600) { _, sleeper in try await sleeper.value }
        // It is over for good.
        try await run(at: 0) { _, sleeper in try await sleeper.value }
    }

    @Test("counts equal sleeps, and knows others by their duration")
    func several() async throws {
        let folder = try JournalFolder()
        let start = JournalTime.now
        let clock = ManualClock()
        try await folder.run(clock: clock) { flow in
            flow.setWaitingRoom(now: start)
            for _ in 0..<2 {
                let sleeper = Task { try await flow.sleep(for: .seconds(10)) }
                try await clock.waitForSleepers(1)
                clock.advance(by: .seconds(10))
                try await sleeper.value
            }
        }
        let second = ManualClock()
        try await folder.run(clock: second) { flow in
            flow.setWaitingRoom(now: start + 20_000_000)
            for _ in 0..<2 { try await flow.sleep(for: .seconds(10)) }
            let third = Task { try await flow.sleep(for: .seconds(10)) }
            try await second.waitForSleepers(1)
            #expect(second.nextDeadline?.offset ?? .zero > .seconds(9))
            second.advance(by: .seconds(10))
            try await third.value
        }
    }

    @Test("ends by a moment, also one that is over, and by an odd duration at once")
    func until() async throws {
        let folder = try JournalFolder()
        try await folder.run { flow in
            try await flow.sleep(until: Date(timeIntervalSinceNow: -5))
            try await flow.sleep(until: .distantPast)
            try await flow.sleep(for: .seconds(-5))
            try await flow.sleep(for: .zero)
            let endless = Task { try await flow.sleep(until: .distantFuture) }
            try await TestSupport.until("it sleeps") { flow.waitingRoom.picture.tasks.count == 1 }
            endless.cancel()
            await #expect(throws: (any Error).self) { try await endless.value }
            try await TestSupport.until("it is gone") { flow.waitingRoom.picture.tasks.isEmpty }
        }
    }
}
