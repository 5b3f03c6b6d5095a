import TestSupport
import Testing

@testable import AsyncFlowBase

extension TimerQueue.Step: Equatable where Action: Equatable {
    static func == (a: Self, b: Self) -> Bool {
        switch (a, b) {
        case (.fire(let a), .fire(let b)): a == b
        case (.sleep(let a), .sleep(let b)): a == b
        case (.end, .end): true
        case (.fire, _), (.sleep, _), (.end, _): false
        }
    }
}

@Suite("The queue of timers as a state machine")
struct TimerQueueTests {
    private typealias Queue = TimerQueue<String>

    @Test("the first timer starts the sleeper, and the last one ends it")
    func firstAndLast() {
        var queue = Queue()
        #expect(queue.schedule(at: .seconds(5), "a").1 == .start)
        #expect(queue.next(now: .seconds(1)) == .sleep(until: .seconds(5)))
        #expect(queue.next(now: .seconds(5)) == .fire(["a"]))
        #expect(queue.next(now: .seconds(5)) == .end)
        #expect(queue.schedule(at: .seconds(9), "b").1 == .start)
    }

    @Test("only an earlier timer interrupts the sleep")
    func earlier() {
        var queue = Queue()
        _ = queue.schedule(at: .seconds(5), "a")
        #expect(queue.schedule(at: .seconds(4), "b").1 == .nothing, "the sleeper hasn't gone to sleep")
        #expect(queue.next(now: .zero) == .sleep(until: .seconds(4)))
        #expect(queue.schedule(at: .seconds(4), "c").1 == .nothing)
        #expect(queue.schedule(at: .seconds(6), "d").1 == .nothing)
        #expect(queue.schedule(at: .seconds(3), "e").1 == .interrupt)
        #expect(queue.schedule(at: .seconds(2), "f").1 == .nothing, "it is awake already")
        #expect(queue.next(now: .zero) == .sleep(until: .seconds(2)))
        #expect(queue.next(now: .seconds(4)) == .fire(["f", "e", "b", "c"]))
        #expect(queue.next(now: .seconds(4)) == .sleep(until: .seconds(5)))
    }

    @Test("while timers go off, new ones don't disturb the sleeper")
    func whileFiring() {
        var queue = Queue()
        _ = queue.schedule(at: .seconds(1), "a")
        #expect(queue.next(now: .seconds(1)) == .fire(["a"]))
        #expect(queue.schedule(at: .zero, "b").1 == .nothing)
        #expect(queue.next(now: .seconds(1)) == .fire(["b"]))
        #expect(queue.next(now: .seconds(1)) == .end)
    }

    @Test("a cancelled timer doesn't go off, and the last one wakes the sleeper to end it")
    func cancel() {
        var queue = Queue()
        let (a, _) = queue.schedule(at: .seconds(1), "a")
        let (b, _) = queue.schedule(at: .seconds(2), "b")
        #expect(queue.next(now: .zero) == .sleep(until: .seconds(1)))
        #expect(queue.cancel(a) == ("a", .nothing), "it may sleep on: it asks again when it wakes")
        #expect(queue.cancel(a) == (nil, .nothing))
        #expect(queue.next(now: .seconds(1)) == .sleep(until: .seconds(2)))
        #expect(queue.cancel(b) == ("b", .interrupt))
        #expect(queue.next(now: .seconds(1)) == .end)
        #expect(queue.count == 0 && queue.places == 0)
    }

    @Test("a timer that went off can't be cancelled")
    func cancelTooLate() {
        var queue = Queue()
        let (a, _) = queue.schedule(at: .seconds(1), "a")
        #expect(queue.next(now: .seconds(1)) == .fire(["a"]))
        #expect(queue.cancel(a) == (nil, .nothing))
    }

    @Test("after the shutdown nothing is left, and nothing goes off")
    func shutdown() {
        var queue = Queue()
        _ = queue.schedule(at: .seconds(1), "a")
        _ = queue.schedule(at: .seconds(2), "b")
        #expect(queue.next(now: .zero) == .sleep(until: .seconds(1)))
        let (dropped, wake) = queue.shutdown()
        #expect(dropped.sorted() == ["a", "b"] && wake == .interrupt)
        #expect(queue.schedule(at: .zero, "c").1 == .nothing)
        #expect(queue.next(now: .seconds(9)) == .end)
        #expect(queue.count == 0 && queue.places == 0)
        #expect(queue.shutdown().1 == .nothing)
    }

    @Test("cancelled timers don't pile up, and a hundred thousand are fine")
    func manyCancelled() {
        var queue = TimerQueue<Int>()
        _ = queue.schedule(at: .seconds(1_000_000), -1)
        for number in 0..<100_000 {
            let (id, _) = queue.schedule(at: .seconds(number), number)
            _ = queue.cancel(id)
        }
        #expect(queue.count == 1 && queue.places < 100)

        let ids = (0..<100_000).map { queue.schedule(at: .seconds(100_000 - $0), $0).0 }
        for id in ids where Int.random(in: 0..<10) > 0 { _ = queue.cancel(id) }
        #expect(queue.places <= 2 * queue.count + 65)
    }

    @Test("at random, timers go off once, in order, never early, and cancelled ones never", arguments: Seeds.some(20))
    func randomTimers(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queue = TimerQueue<Int>()
        var times: [Duration] = []
        var waiting: [Int: TimerID] = [:]
        var sleeping: Duration?
        var hasSleeper = false
        var now = Duration.zero
        for step in 0..<3000 {
            let context = "seed \(seed), step \(step)"
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                let time = now + .milliseconds(Int.random(in: -20...100, using: &random))
                let (id, wake) = queue.schedule(at: time, times.count)
                waiting[times.count] = id
                times.append(time)
                #expect((wake == .start) == !hasSleeper, "\(context)")
                if let sleeping { #expect((wake == .interrupt) == (time < sleeping), "\(context)") }
                hasSleeper = true
                if wake == .interrupt { sleeping = nil }
            case 2:
                guard let victim = waiting.keys.sorted().randomElement(using: &random) else { continue }
                let (action, wake) = queue.cancel(waiting.removeValue(forKey: victim)!)
                #expect(action == victim, "\(context)")
                #expect((wake == .interrupt) == (waiting.isEmpty && sleeping != nil), "\(context)")
                if wake == .interrupt { sleeping = nil }
            default:
                guard hasSleeper else { continue }
                if let until = sleeping { now = max(now, until + .milliseconds(Int.random(in: 0...9, using: &random))) }
                switch queue.next(now: now) {
                case .fire(let fired):
                    let due = waiting.keys.filter { times[$0] <= now }.sorted { (times[$0], $0) < (times[$1], $1) }
                    #expect(fired == due, "\(context)")
                    for number in fired { waiting[number] = nil }
                    sleeping = nil
                case .sleep(let until):
                    #expect(until == waiting.keys.map { times[$0] }.min() && until > now, "\(context)")
                    sleeping = until
                case .end:
                    #expect(waiting.isEmpty, "\(context)")
                    (hasSleeper, sleeping) = (false, nil)
                }
            }
            #expect(queue.count == waiting.count, "\(context)")
        }
    }
}
