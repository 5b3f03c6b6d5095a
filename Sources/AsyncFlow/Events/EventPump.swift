import AsyncFlowBase

/// Delivers an engine's events to consumers, each on a dedicated thread, as ``EventLog`` decides.
package final class EventPump: EventSink {
    private struct Consumer {
        let wake: WakeUp
        var flushes: [Flush] = []
        /// The callers that wait for the consumer to finish.
        var ends: [CheckedContinuation<Void, Never>] = []
    }
    /// A caller that waits until a consumer has finished with the events before a mark.
    private struct Flush {
        let mark: Int
        let continuation: CheckedContinuation<Void, Never>
    }
    private struct State {
        var log = EventLog()
        var consumers: [Int: Consumer] = [:]
        /// The number of events that each consumer had lost when it ended.
        var dropped: [Int: Int] = [:]
        var lastNumber = 0
        /// The threads that wait for a slow consumer.
        var waiting: [WakeUp] = []
    }
    private let state = Lock(State())

    private static let start = ContinuousClock.now
    private static var now: Duration { ContinuousClock.now - start }

    /// The pause of a consumer that has taken everything there was.
    private static let pauseInMicroseconds = 5_000
    /// The interval between checks whether a consumer that is waited for makes progress.
    private static let patienceStepInMicroseconds = 20_000

    // MARK: - From the engine

    package func receive(_ event: WorkflowEvent) {
        if state.withLock({ $0.log.append(event) }) { wakeAndWait() }
    }

    private func wakeAndWait() {
        while true {
            let wakeUp = WakeUp()
            let (woken, mustWait) = state.withLock { state in
                let now = Self.now
                let woken = state.log.wake(at: now).compactMap { state.consumers[$0]?.wake }
                let mustWait = state.log.mustWait(at: now)
                if mustWait { state.waiting.append(wakeUp) }
                return (woken, mustWait)
            }
            for wake in woken { wake.signal() }
            guard mustWait else { return }
            _ = wakeUp.wait(microseconds: Self.patienceStepInMicroseconds)
        }
    }

    package func finish() {
        let woken = state.withLock { state in
            state.log.finish()
            return state.log.wake(at: Self.now).compactMap { state.consumers[$0]?.wake }
        }
        for wake in woken { wake.signal() }
    }

    // MARK: - Consumers

    /// Whether it has no consumer.
    var isIdle: Bool { state.withLock { $0.consumers.isEmpty } }

    /// - Returns: the consumer's number.
    func add(_ consumer: any EventConsumer, _ overflow: EventOverflow) -> Int {
        let wake = WakeUp()
        let number = state.withLock { state in
            state.lastNumber += 1
            state.log.add(state.lastNumber, overflow, at: Self.now)
            state.consumers[state.lastNumber] = Consumer(wake: wake)
            return state.lastNumber
        }
        do {
            try SystemThread.startDetached { self.run(consumer, number, wake) }
        } catch {
            end(number, consumer)  // without a thread nothing can be read: as if it had been detached at once
        }
        return number
    }

    /// Runs a consumer's thread.
    private func run(_ consumer: any EventConsumer, _ number: Int, _ wake: WakeUp) {
        while true {
            let (next, flushes) = take(number)
            if !flushes.isEmpty {
                consumer.flush()
                for flush in flushes { flush.continuation.resume() }
            }
            switch next {
            case .events(let chunks, let dropped):
                if dropped > 0 { consumer.consume([], droppedCount: dropped) }
                for chunk in chunks {
                    consumer.consume(chunk, droppedCount: 0)
                    finished(number, chunk.count)
                }
                // With little to do, the consumer needn't look at each event as it arrives.
                if chunks.count < 2 { _ = wake.wait(microseconds: Self.pauseInMicroseconds) }
            case .sleep: wake.wait()
            case .end: return end(number, consumer)
            }
        }
    }

    private func take(_ number: Int) -> (EventLog.Next, [Flush]) {
        state.withLock { state in
            let next = state.log.take(number, at: Self.now)
            let flushes = state.consumers[number]?.flushes ?? []
            if flushes.isEmpty { return (next, []) }
            let over = flushes.filter { state.log.hasFinished(number, $0.mark) }
            state.consumers[number]?.flushes.removeAll { state.log.hasFinished(number, $0.mark) }
            return (next, over)
        }
    }

    private func finished(_ number: Int, _ count: Int) {
        let waiting = state.withLock { state in
            state.log.finished(number, count, at: Self.now)
            defer { state.waiting = [] }
            return state.waiting
        }
        for wakeUp in waiting { wakeUp.signal() }
    }

    private func end(_ number: Int, _ consumer: any EventConsumer) {
        consumer.finish()
        let (ended, waiting) = state.withLock { state in
            state.dropped[number] = state.log.remove(number)
            defer { state.waiting = [] }
            return (state.consumers.removeValue(forKey: number), state.waiting)
        }
        for flush in ended?.flushes ?? [] { flush.continuation.resume() }
        for continuation in ended?.ends ?? [] { continuation.resume() }
        for wakeUp in waiting { wakeUp.signal() }
    }

    // MARK: - Waiting for consumers

    func flush(_ number: Int) async {
        await withCheckedContinuation { continuation in
            let wake = state.withLock { state -> WakeUp? in
                guard let mark = state.log.mark(for: number) else { return nil }
                state.consumers[number]?.flushes.append(Flush(mark: mark, continuation: continuation))
                return state.consumers[number]?.wake
            }
            if let wake { wake.signal() } else { continuation.resume() }
        }
    }

    func detach(_ number: Int) async {
        await withCheckedContinuation { continuation in
            let wake = state.withLock { state -> WakeUp? in
                guard state.consumers[number] != nil else { return nil }
                state.log.end(number)
                state.consumers[number]?.ends.append(continuation)
                return state.consumers[number]?.wake
            }
            if let wake { wake.signal() } else { continuation.resume() }
        }
    }

    /// Returns when all consumers have finished, after the engine's end.
    func waitUntilFinished() async {
        for number in state.withLock({ $0.consumers.keys.sorted() }) {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    state.consumers[number]?.ends.append(continuation)
                    return state.consumers[number] == nil
                }
                if isOver { continuation.resume() }
            }
        }
    }

    func droppedCount(of number: Int) -> Int {
        state.withLock { $0.dropped[number] ?? $0.log.droppedCount(of: number) }
    }
}
