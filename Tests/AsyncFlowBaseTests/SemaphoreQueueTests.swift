import TestSupport
import Testing

import AsyncFlowBase

@Suite("The queue for slots as a state machine")
struct SemaphoreQueueTests {
    private func draw(_ queue: inout SemaphoreQueue<String>) throws -> UInt64 {
        let ticket = queue.take()
        return try #require(ticket)
    }

    /// `#expect` can't hold a mutating call.
    private func check(_ isTrue: Bool, _ location: SourceLocation = #_sourceLocation) {
        #expect(isTrue, sourceLocation: location)
    }

    @Test("who begins to wait late isn't forgotten, and doesn't hold up the others")
    func lateArrival() throws {
        var queue = SemaphoreQueue<String>(count: 1)
        check(queue.take() == nil)
        let late = try draw(&queue)
        let early = try draw(&queue)
        check(queue.wait("early", with: early) == .waits)
        check(queue.giveBack() == "early")
        check(queue.wait("late", with: late) == .waits)
        check(queue.giveBack() == "late")
        check(queue.giveBack() == nil)
        check(queue.take() == nil)
    }

    @Test("a slot that was given back before the waiting began is taken then")
    func givenBackMeanwhile() throws {
        var queue = SemaphoreQueue<String>(count: 1)
        check(queue.take() == nil)
        let ticket = try draw(&queue)
        check(queue.giveBack() == nil)
        check(queue.wait("a", with: ticket) == .taken)
        check(queue.take() != nil)
    }

    @Test("a ticket is cancelled before, while, and after it waits")
    func cancelled() throws {
        var queue = SemaphoreQueue<String>(count: 1)
        check(queue.take() == nil)
        let before = try draw(&queue)
        let during = try draw(&queue)
        let after = try draw(&queue)
        check(queue.cancel(before) == nil)
        check(queue.wait("before", with: before) == .cancelled)
        check(queue.wait("during", with: during) == .waits)
        check(queue.wait("after", with: after) == .waits)
        check(queue.cancel(during) == "during")
        check(queue.cancel(during) == nil)
        check(queue.giveBack() == "after")
        check(queue.cancel(after) == nil)
    }

    @Test(
        "random sequences never give out too many slots, forget nobody, and keep the order", arguments: Seeds.some(30))
    func random(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let count = Int.random(in: 1...4, using: &random)
        var queue = SemaphoreQueue<UInt64>(count: count)
        var used = 0
        var arriving: [UInt64] = []
        var waiting: [UInt64] = []
        var cancelledEarly: Set<UInt64> = []
        for _ in 0..<2_000 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                if let ticket = queue.take() { arriving.append(ticket) } else { used += 1 }
            case 1:
                guard let place = arriving.indices.randomElement(using: &random) else { continue }
                let ticket = arriving.remove(at: place)
                switch queue.wait(ticket, with: ticket) {
                case .taken: used += 1
                case .cancelled: #expect(cancelledEarly.remove(ticket) != nil, "seed \(seed)")
                case .waits: waiting.append(ticket)
                }
            case 2:
                guard used > 0 else { continue }
                let next = queue.giveBack()
                #expect(next == waiting.first, "seed \(seed)")
                if next == nil { used -= 1 } else { waiting.removeFirst() }
            default:
                guard let ticket = (arriving + waiting).randomElement(using: &random) else { continue }
                let told = queue.cancel(ticket)
                if let place = waiting.firstIndex(of: ticket) {
                    waiting.remove(at: place)
                    #expect(told == ticket, "seed \(seed)")
                } else {
                    cancelledEarly.insert(ticket)
                    #expect(told == nil, "seed \(seed)")
                }
            }
            #expect(used <= count, "seed \(seed)")
            #expect(waiting.isEmpty || used == count, "seed \(seed): somebody waits although a slot is free")
        }
    }
}
