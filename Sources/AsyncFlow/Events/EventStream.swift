import AsyncFlowBase

/// The events of an engine from the moment of subscription, as an `AsyncSequence` for one reader.
///
/// At most `capacity` events wait for the reader. When it lags further behind, new events are dropped until it has
/// caught up; then one event of type ``EventType/eventsDropped`` gives their number. The run is never slowed. The
/// sequence ends after `engineEnded`, which is never dropped, or when its reader is cancelled.
public struct EventStream: AsyncSequence, Sendable {
    public typealias Element = WorkflowEvent
    private let subscription: Subscription

    init(of hub: EventHub, engineID: String, capacity: Int) {
        subscription = Subscription(of: hub, StreamSink(engineID: engineID, capacity: capacity))
    }

    public func makeAsyncIterator() -> Iterator { Iterator(subscription: subscription) }

    /// An iterator over the events.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let subscription: Subscription

        public func next() async -> WorkflowEvent? { await subscription.sink.next() }
    }

    /// A subscription that lasts as long as the stream or one of its iterators exists.
    fileprivate final class Subscription: Sendable {
        let sink: StreamSink
        private let hub: EventHub

        init(of hub: EventHub, _ sink: StreamSink) {
            self.hub = hub
            self.sink = sink
            hub.add(sink)
        }

        deinit { hub.remove(sink) }
    }
}

/// A sink that passes events on to the reader of one stream.
private final class StreamSink: EventSink {
    private struct State {
        var buffer: EventBuffer
        var reader: CheckedContinuation<WorkflowEvent?, Never>?
    }
    private let state: Lock<State>
    private let engineID: String

    init(engineID: String, capacity: Int) {
        self.engineID = engineID
        state = Lock(State(buffer: EventBuffer(capacity: capacity)))
    }

    func receive(_ event: WorkflowEvent) { wakeReader { $0.add(event) } }
    func finish() { wakeReader { $0.finish() } }

    private func wakeReader(after change: (inout EventBuffer) -> Void) {
        let (reader, event) = state.withLock { state -> (CheckedContinuation<WorkflowEvent?, Never>?, WorkflowEvent?) in
            change(&state.buffer)
            guard state.reader != nil else { return (nil, nil) }
            let event = state.buffer.take(engineID: engineID)
            guard event != nil || state.buffer.isFinished else { return (nil, nil) }
            return (state.reader.take(), event)
        }
        reader?.resume(returning: event)
    }

    /// - Returns: the next event; nil at the end, or as soon as the calling Swift task is cancelled.
    func next() async -> WorkflowEvent? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (isOver, event) = state.withLock { state -> (Bool, WorkflowEvent?) in
                    if Task.isCancelled { return (true, nil) }
                    precondition(state.reader == nil, "an event stream is for one reader, but a second one reads it")
                    let event = state.buffer.take(engineID: engineID)
                    if event != nil || state.buffer.isFinished { return (true, event) }
                    state.reader = continuation
                    return (false, nil)
                }
                if isOver { continuation.resume(returning: event) }
            }
        } onCancel: {
            // The reader either sees before it waits that it is cancelled, or is found here.
            state.withLock { $0.reader.take() }?.resume(returning: nil)
        }
    }
}
