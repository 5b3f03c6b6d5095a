import Logging
import Synchronization

/// Takes what happens and hands it to every reader. With no reader, all it costs is reading one flag.
final class EventHub: Sendable {
    private let sinks = Mutex<[any EventSink]>([])
    private let active = Atomic<Bool>(false)

    /// Whether anybody reads; if not, no event need be made.
    var isActive: Bool { active.load(ordering: .relaxed) }

    func add(_ sink: any EventSink) {
        sinks.withLock { $0.append(sink) }
        active.store(true, ordering: .relaxed)
    }

    func remove(_ sink: any EventSink) {
        sinks.withLock { sinks in
            sinks.removeAll { $0 === sink }
            active.store(!sinks.isEmpty, ordering: .relaxed)
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
        active.store(false, ordering: .relaxed)
        for sink in ended { sink.finish() }
    }
}

/// A reader of events. Called on the thread where the event happened, so it must be quick and must not block.
package protocol EventSink: AnyObject, Sendable {
    func receive(_ event: WorkflowEvent)
    /// The engine has ended.
    func finish()
}
