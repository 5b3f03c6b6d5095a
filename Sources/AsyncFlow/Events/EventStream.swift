import Synchronization

/// The events of an engine from the moment of subscription on, as an `AsyncSequence` for one reader.
///
/// At most `capacity` events wait for the reader. When it lags by more, new events are left out until it has caught up;
/// then one event of type ``EventType/eventsDropped`` says how many. The run is never slowed. The sequence ends after
/// `engineEnded`.
public struct EventStream: AsyncSequence, Sendable {
    public typealias Element = WorkflowEvent
    private let stream: AsyncStream<WorkflowEvent>

    init(of hub: EventHub, engineID: String, capacity: Int) {
        let (stream, continuation) = AsyncStream.makeStream(
            of: WorkflowEvent.self, bufferingPolicy: .bufferingOldest(Swift.max(2, capacity)))
        let sink = StreamSink(continuation, engineID: engineID)
        self.stream = stream
        hub.add(sink)
        continuation.onTermination = { _ in hub.remove(sink) }
    }

    public func makeAsyncIterator() -> AsyncStream<WorkflowEvent>.Iterator { stream.makeAsyncIterator() }
}

/// Puts events into the buffer of one stream, and a note where some had no room.
private final class StreamSink: EventSink {
    private let continuation: AsyncStream<WorkflowEvent>.Continuation
    private let engineID: String
    private let dropped = Mutex(0)

    init(_ continuation: AsyncStream<WorkflowEvent>.Continuation, engineID: String) {
        self.continuation = continuation
        self.engineID = engineID
    }

    func receive(_ event: WorkflowEvent) {
        dropped.withLock { dropped in
            if dropped > 0 {
                let note = WorkflowEvent(.eventsDropped, engineID: engineID, droppedCount: dropped)
                guard case .enqueued = continuation.yield(note) else {
                    dropped += 1
                    return
                }
                dropped = 0
            }
            if case .dropped = continuation.yield(event) { dropped += 1 }
        }
    }

    func finish() { continuation.finish() }
}
