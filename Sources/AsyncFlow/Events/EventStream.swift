import AsyncFlowBase

/// The events of an engine from the moment of subscription on, as an `AsyncSequence` for one reader.
///
/// At most `capacity` events wait for the reader. When it lags by more, new events are left out until it has caught up;
/// then one event of type ``EventType/eventsDropped`` says how many. The run is never slowed. The sequence ends after
/// `engineEnded`, which is never left out, or when its reader is cancelled.
public struct EventStream: AsyncSequence, Sendable {
    public typealias Element = WorkflowEvent
    private let subscription: Subscription

    init(of hub: EventHub, engineID: String, capacity: Int) {
        subscription = Subscription(of: hub, StreamSink(engineID: engineID, capacity: capacity))
    }

    public func makeAsyncIterator() -> Iterator { Iterator(subscription: subscription) }

    /// Takes the events, one after the other.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let subscription: Subscription

        public func next() async -> WorkflowEvent? { await subscription.sink.next() }
    }

    /// Lasts as long as somebody has the stream or one of its iterators.
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

/// Hands the events of one stream from whoever emits them to whoever reads them.
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

    /// - Returns: nil at the end, or as soon as the calling Swift task is cancelled.
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
            // The reader either sees that it is cancelled before it waits, or is found here.
            state.withLock { $0.reader.take() }?.resume(returning: nil)
        }
    }
}
