/// The events that wait for one reader, as a pure state machine.
///
/// When there is no more room, events are dropped until the reader has taken everything; it then gets an event with the
/// number of dropped ones. That event, and the end of the engine, need no room: they always arrive.
struct EventBuffer {
    private let capacity: Int
    private var events: [WorkflowEvent] = []
    /// The index of the next event to be taken.
    private var next = 0
    private var droppedCount = 0
    private var engineEnded: WorkflowEvent?
    private(set) var isFinished = false

    init(capacity: Int) { self.capacity = max(1, capacity) }

    mutating func add(_ event: WorkflowEvent) {
        if event.type == .engineEnded {
            engineEnded = event
        } else if droppedCount > 0 || events.count - next >= capacity {
            droppedCount += 1
        } else {
            events.append(event)
        }
    }

    /// Notes that no more events will be added.
    mutating func finish() { isFinished = true }

    /// Removes the next event.
    ///
    /// - Returns: the next event; nil if there is none now. If ``isFinished`` is set, nil means the end.
    mutating func take(engineID: String) -> WorkflowEvent? {
        if next < events.count {
            let event = events[next]
            next += 1
            if next > events.count / 2 {  // gives up the used half: constant cost on average
                events.removeFirst(next)
                next = 0
            }
            return event
        }
        if droppedCount > 0 {
            defer { droppedCount = 0 }
            return WorkflowEvent(
                .eventsDropped, of: .reader(engineID: engineID), details: .dropped(count: droppedCount))
        }
        return engineEnded.take()
    }
}
