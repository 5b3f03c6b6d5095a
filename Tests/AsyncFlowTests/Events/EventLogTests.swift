import TestSupport
import Testing

@testable import AsyncFlow

@Suite("The log of events that consumers take from, as a state machine")
struct EventLogTests {
    private func event(_ number: Int) -> WorkflowEvent {
        WorkflowEvent(.taskStarted, of: .reader(engineID: "engine"), attempt: number)
    }

    private func expectNobodyIsWoken(_ log: inout EventLog) {
        let woken = log.wake(at: .zero)
        #expect(woken.isEmpty)
    }

    /// Whether there is somebody to wait for.
    private func mustWait(_ log: inout EventLog, at now: Duration) -> Bool { log.mustWait(at: now) }

    /// Takes what there is, and finishes with it.
    private func takeAll(_ log: inout EventLog, _ reader: Int, at now: Duration = .zero) -> (
        events: [Int], dropped: Int
    ) {
        guard case .events(let chunks, let dropped) = log.take(reader, at: now) else { return ([], 0) }
        for chunk in chunks { log.finished(reader, chunk.count, at: now) }
        return (chunks.flatMap { $0.map(\.attempt) }, dropped)
    }

    @Test("a reader gets what came after it was added, in order, once")
    func order() {
        var log = EventLog()
        log.add(1, .drop(limit: 10_000), at: .zero)
        for number in 0..<3_000 { _ = log.append(event(number)) }
        log.add(2, .drop(limit: 10_000), at: .zero)
        for number in 3_000..<5_000 { _ = log.append(event(number)) }
        #expect(takeAll(&log, 1).events == Array(0..<5_000))
        #expect(takeAll(&log, 2).events == Array(3_000..<5_000))
        #expect(takeAll(&log, 1).events.isEmpty)
    }

    @Test("a reader that has nothing to take sleeps, and is woken by the next event, once")
    func sleep() {
        var log = EventLog()
        log.add(1, .drop(limit: 10), at: .zero)
        guard case .sleep = log.take(1, at: .zero) else { return #expect(Bool(false)) }
        expectNobodyIsWoken(&log)
        let isFirst = log.append(event(1))
        #expect(isFirst)
        let woken = log.wake(at: .zero)
        #expect(woken == [1])
        expectNobodyIsWoken(&log)
    }

    @Test("without patience, what has no room is left out, and the reader learns how much before what comes next")
    func drop() {
        var log = EventLog()
        log.add(1, .drop(limit: 10), at: .zero)
        for number in 0..<11 { _ = log.append(event(number)) }
        #expect(!mustWait(&log, at: .zero))
        _ = log.append(event(11))
        let (events, dropped) = takeAll(&log, 1)
        #expect(events == [11])
        #expect(dropped == 11)
        #expect(log.droppedCount(of: 1) == 11)
    }

    @Test("with patience, a reader is waited for as long as it does something")
    func patience() {
        var log = EventLog()
        log.add(1, .wait(limit: 10, patience: .seconds(1)), at: .zero)
        for number in 0..<11 { _ = log.append(event(number)) }
        #expect(mustWait(&log, at: .milliseconds(999)))
        guard case .events(let chunks, _) = log.take(1, at: .milliseconds(999)) else { return #expect(Bool(false)) }
        #expect(mustWait(&log, at: .milliseconds(1_500)))  // it has begun, but not finished
        log.finished(1, chunks[0].count, at: .milliseconds(1_500))
        #expect(!mustWait(&log, at: .milliseconds(1_500)))
        #expect(log.droppedCount(of: 1) == 0)
    }

    @Test("a reader that does nothing for longer than the patience loses what it hasn't taken")
    func stuck() {
        var log = EventLog()
        log.add(1, .wait(limit: 10, patience: .seconds(1)), at: .zero)
        for number in 0..<11 { _ = log.append(event(number)) }
        #expect(!mustWait(&log, at: .seconds(1)))
        #expect(log.droppedCount(of: 1) == 11)
    }

    @Test("a reader that slept for long is given its patience when it is woken")
    func wokenLate() {
        var log = EventLog()
        log.add(1, .wait(limit: 1, patience: .seconds(1)), at: .zero)
        _ = log.take(1, at: .zero)
        for number in 0..<3 { _ = log.append(event(number)) }
        _ = log.wake(at: .seconds(100))
        #expect(mustWait(&log, at: .seconds(100)))
    }

    @Test("a reader that ends gets what came before, and nothing after; one of a finished log gets everything")
    func end() {
        var log = EventLog()
        log.add(1, .drop(limit: 10), at: .zero)
        log.add(2, .drop(limit: 10), at: .zero)
        _ = log.append(event(1))
        log.end(1)
        _ = log.append(event(2))
        log.finish()
        #expect(takeAll(&log, 1).events == [1])
        #expect(takeAll(&log, 2).events == [1, 2])
        for reader in [1, 2, 3] {
            guard case .end = log.take(reader, at: .zero) else { return #expect(Bool(false)) }
        }
    }

    @Test("a mark is passed when everything before it is finished with, not when it is taken")
    func marks() throws {
        var log = EventLog()
        log.add(1, .drop(limit: 10), at: .zero)
        _ = log.append(event(1))
        let mark = try #require(log.mark(for: 1))
        #expect(!log.hasFinished(1, mark))
        guard case .events = log.take(1, at: .zero) else { return #expect(Bool(false)) }
        #expect(!log.hasFinished(1, mark))
        log.finished(1, 1, at: .zero)
        #expect(log.hasFinished(1, mark))
        #expect(log.mark(for: 2) == nil)
    }

    @Test(
        "whatever happens, each reader gets its events in order, and what it doesn't get is counted",
        arguments: Seeds.some(8))
    func random(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var log = EventLog()
        var now = Duration.zero
        var count = 0
        struct Model {
            var next: Int
            var received: [Int] = []
            var dropped = 0
            var pending: [Int] = []
            let start: Int
        }
        var models: [Int: Model] = [:]
        var lastReader = 0
        for _ in 0..<400 {
            now += .milliseconds(Int.random(in: 0...5, using: &random))
            switch Int.random(in: 0..<10, using: &random) {
            case 0 where models.count < 4:
                lastReader += 1
                let limit = Int.random(in: 1...3_000, using: &random)
                let overflow: EventOverflow =
                    random.chance(0.5) ? .drop(limit: limit) : .wait(limit: limit, patience: .milliseconds(20))
                log.add(lastReader, overflow, at: now)
                models[lastReader] = Model(next: count, start: count)
            case 1...4:
                for _ in 0..<Int.random(in: 1...700, using: &random) {
                    if log.append(event(count)) {
                        _ = log.wake(at: now)
                        _ = log.mustWait(at: now)
                    }
                    count += 1
                }
            case 5...7:
                guard let reader = models.keys.sorted().randomElement(using: &random) else { continue }
                for size in models[reader]!.pending { log.finished(reader, size, at: now) }
                models[reader]!.pending = []
                guard case .events(let chunks, let dropped) = log.take(reader, at: now) else { continue }
                models[reader]!.dropped += dropped
                models[reader]!.received += chunks.flatMap { $0.map(\.attempt) }
                models[reader]!.pending = chunks.map(\.count)
            case 8 where random.chance(0.1):
                guard let reader = models.keys.sorted().randomElement(using: &random) else { continue }
                _ = log.remove(reader)
                models[reader] = nil
            default: break
            }
        }
        log.finish()
        for (reader, var model) in models {
            for size in model.pending { log.finished(reader, size, at: now) }
            let (events, dropped) = takeAll(&log, reader, at: now)
            model.received += events
            model.dropped += dropped
            #expect(model.received == model.received.sorted())
            #expect(Set(model.received).count == model.received.count)
            #expect(model.received.count + model.dropped == count - model.start)
            #expect(model.dropped == log.droppedCount(of: reader))
        }
    }
}
