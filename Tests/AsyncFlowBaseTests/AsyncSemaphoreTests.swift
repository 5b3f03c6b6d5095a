import TestSupport
import Testing

import AsyncFlowBase

@Suite("AsyncSemaphore for processes", .timeLimit(.minutes(1)))
struct AsyncSemaphoreTests {
    /// Asks for a slot, and returns once the asking can't overtake the next one: when it waits, or has its slot.
    private func ask(
        _ slots: AsyncSemaphore, _ name: Int, _ served: Recorder<Int>
    ) async -> Task<Void, any Error> {
        let asked = Gate()
        let task = Task {
            asked.open()
            try await slots.wait()
            served.append(name)
        }
        try? await asked.wait()
        // `take` draws its place without suspending; giving way now and then lets it.
        for _ in 0..<50 { await Task.yield() }
        return task
    }

    @Test("as many as there are slots get one at once, the next one waits")
    func limit() async throws {
        let slots = AsyncSemaphore(count: 3)
        for _ in 0..<3 { try await slots.wait() }
        let served = Recorder<Int>()
        let fourth = await ask(slots, 4, served)
        #expect(served.values.isEmpty)
        slots.signal()
        try await fourth.value
        #expect(served.values == [4])
    }

    @Test("who waits is served in the order of coming")
    func order() async throws {
        let slots = AsyncSemaphore(count: 1)
        try await slots.wait()
        let served = Recorder<Int>()
        var tasks: [Task<Void, any Error>] = []
        for name in 0..<20 { tasks.append(await ask(slots, name, served)) }
        for task in tasks {
            slots.signal()
            try await task.value
        }
        #expect(served.values == Array(0..<20))
    }

    @Test("who is cancelled while waiting throws, and takes no slot")
    func cancelledWhileWaiting() async throws {
        let slots = AsyncSemaphore(count: 1)
        try await slots.wait()
        let served = Recorder<Int>()
        let first = await ask(slots, 1, served)
        let second = await ask(slots, 2, served)
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        slots.signal()
        try await second.value
        slots.signal()
        try await slots.wait()
        #expect(served.values == [2])
    }

    @Test("who is cancelled already throws at once, although a slot is free")
    func cancelledBefore() async throws {
        let slots = AsyncSemaphore(count: 1)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await slots.wait()
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        try await slots.wait()
    }

    @Test("taking, giving back and cancelling race without losing a slot", arguments: Seeds.some(5), [1, 2, 5])
    func race(seed: UInt64, count: Int) async throws {
        let slots = AsyncSemaphore(count: count)
        let users = Gauge()
        await withTaskGroup { group in
            for number in 0..<8 {
                group.addTask {
                    var random = SeededRandom(seed: seed &+ UInt64(number))
                    for _ in 0..<300 {
                        let yields = Int.random(in: 0..<3, using: &random)
                        let user = Task {
                            try await slots.wait()
                            users.up()
                            for _ in 0..<yields { await Task.yield() }
                            users.down()
                            slots.signal()
                        }
                        if random.chance(0.3) {
                            for _ in 0..<Int.random(in: 0..<3, using: &random) { await Task.yield() }
                            user.cancel()
                        }
                        _ = await user.result
                    }
                }
            }
        }
        #expect(users.highest <= count, "seed \(seed)")
        for _ in 0..<count { try await slots.wait() }  // they are all there again
    }
}
