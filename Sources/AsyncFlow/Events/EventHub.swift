import AsyncFlowBase
import Logging
import Synchronization

/// The distributor of an engine's events to their readers. Without a reader, it costs only reading a flag.
final class EventHub: Sendable {
    private struct State {
        var sinks: [any EventSink] = []
        /// The pump that feeds the consumers, once there has been one.
        var pump: EventPump?
        var isFinished = false
    }
    private let state = Lock(State())
    private let wantsAll = Atomic<Bool>(false)
    private let wantsAny = Atomic<Bool>(false)

    /// Whether anybody reads every event. If not, only failures and events of the engine need to be made.
    var isFullyObserved: Bool { wantsAll.load(ordering: .relaxed) }
    /// Whether anybody reads at all.
    var isObserved: Bool { wantsAny.load(ordering: .relaxed) }

    /// Adds a reader; one that is added after the end is notified of it at once.
    func add(_ sink: any EventSink) {
        let isTooLate = state.withLock { state in
            if !state.isFinished { change(&state) { $0.append(sink) } }
            return state.isFinished
        }
        if isTooLate { sink.finish() }
    }

    func remove(_ sink: any EventSink) {
        state.withLock { state in change(&state) { sinks in sinks.removeAll { $0 === sink } } }
    }

    /// Attaches a consumer, which receives everything that happens from now on. After the end it is finished at once.
    func attach(_ consumer: any EventConsumer, _ overflow: EventOverflow) -> EventAttachment {
        let pump = state.withLock { state in
            if let pump = state.pump { return pump }
            let pump = EventPump()
            state.pump = pump
            return pump
        }
        let attachment = EventAttachment(hub: self, pump: pump, number: pump.add(consumer, overflow))
        let isTooLate = state.withLock { state in
            if !state.isFinished, !state.sinks.contains(where: { $0 === pump }) { change(&state) { $0.append(pump) } }
            return state.isFinished
        }
        if isTooLate { pump.finish() }
        return attachment
    }

    /// Removes the pump if it has no consumer, so that no events are made for it.
    func removeIfIdle(_ pump: EventPump) {
        state.withLock { state in
            guard pump.isIdle else { return }
            change(&state) { sinks in sinks.removeAll { $0 === pump } }
        }
    }

    private func change(_ state: inout State, _ change: (inout [any EventSink]) -> Void) {
        change(&state.sinks)
        wantsAll.store(state.sinks.contains { $0.wantsEveryEvent }, ordering: .relaxed)
        wantsAny.store(!state.sinks.isEmpty, ordering: .relaxed)
    }

    func emit(_ event: WorkflowEvent) {
        for sink in state.withLock({ $0.sinks }) { sink.receive(event) }
    }

    /// Notes that the engine has ended and nothing more will come. Returns when all consumers have finished.
    func finish() async {
        let ended = state.withLock { state in
            let ended = state.sinks
            state.isFinished = true
            change(&state) { $0 = [] }
            return ended
        }
        for sink in ended { sink.finish() }
        await state.withLock { $0.pump }?.waitUntilFinished()
    }
}

/// A reader of events. It is called on the thread where the event happened, so it must be quick and must not block.
package protocol EventSink: AnyObject, Sendable {
    /// Whether the reader needs every event; if not, it gets failures and events of the engine.
    var wantsEveryEvent: Bool { get }
    func receive(_ event: WorkflowEvent)
    /// Called when the engine has ended.
    func finish()
}

extension EventSink {
    package var wantsEveryEvent: Bool { true }
}
