import Logging
import Synchronization

/// Takes what happens and hands it to every reader. With no reader, all it costs is reading a flag.
final class EventHub: Sendable {
    private let sinks = Mutex<[any EventSink]>([])
    private let wantsAll = Atomic<Bool>(false)
    private let wantsAny = Atomic<Bool>(false)

    /// Whether anybody reads every event. If not, only failures and events of the engine need be made.
    var isFullyObserved: Bool { wantsAll.load(ordering: .relaxed) }
    /// Whether anybody reads at all.
    var isObserved: Bool { wantsAny.load(ordering: .relaxed) }

    func add(_ sink: any EventSink) { change { $0.append(sink) } }
    func remove(_ sink: any EventSink) { change { sinks in sinks.removeAll { $0 === sink } } }

    private func change(_ change: (inout [any EventSink]) -> Void) {
        sinks.withLock { sinks in
            change(&sinks)
            wantsAll.store(sinks.contains { $0.wantsEveryEvent }, ordering: .relaxed)
            wantsAny.store(!sinks.isEmpty, ordering: .relaxed)
        }
    }

    func emit(_ event: WorkflowEvent) {
        for sink in sinks.withLock({ $0 }) { sink.receive(event) }
    }

    /// The engine has ended: nothing more will come.
    func finish() {
        let ended = sinks.withLock { sinks in
            defer { sinks = [] }
            return sinks
        }
        wantsAll.store(false, ordering: .relaxed)
        wantsAny.store(false, ordering: .relaxed)
        for sink in ended { sink.finish() }
    }
}

/// A reader of events. Called on the thread where the event happened, so it must be quick and must not block.
package protocol EventSink: AnyObject, Sendable {
    /// Whether it needs every event; if not, failures and events of the engine are enough.
    var wantsEveryEvent: Bool { get }
    func receive(_ event: WorkflowEvent)
    /// The engine has ended.
    func finish()
}

extension EventSink {
    package var wantsEveryEvent: Bool { true }
}
