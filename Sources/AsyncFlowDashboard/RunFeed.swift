import AsyncFlow
import AsyncFlowBase
import AsyncFlowTelemetry
import Dispatch

/// The current state of the run, fed by the engine's events and read by requests and by the task that creates updates.
///
/// Questions are answered one after the other on a separate queue, from a single model. Meanwhile events wait, as many
/// as the engine keeps for a reader; the engine and its tasks don't.
final class RunFeed: EventConsumer {
    private struct State {
        var model: RunModel
        /// A number that grows whenever something happens.
        var revision = 0
    }
    private let state: Lock<State>
    private let queue = DispatchQueue(label: "asyncflow.dashboard", qos: .utility)
    /// Called once, on the events' thread, after the last event.
    private let onEnd: @Sendable () -> Void

    init(engineID: String, cores: Int, onEnd: @escaping @Sendable () -> Void) {
        state = Lock(State(model: .following(engineID: engineID, cores: cores, at: .now)))
        self.onEnd = onEnd
    }

    // MARK: - From the engine

    func consume(_ events: [WorkflowEvent], droppedCount: Int) {
        state.withLock { state in
            if droppedCount > 0 { state.model.noteDropped(droppedCount, at: events.first?.time ?? .now) }
            for event in events { state.model.apply(event) }
            state.revision += 1
        }
    }

    func finish() { onEnd() }

    // MARK: - Questions

    var revision: Int { state.withLock { $0.revision } }

    /// Asks the model a question on the queue, because an answer may take a while.
    func ask<Answer: Sendable>(_ question: @escaping @Sendable (RunModel) -> Answer) async -> Answer {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.state.withLock { question($0.model) }) }
        }
    }

    /// Encodes parts of the page's data. Events are applied between two parts, so that none waits long.
    func encode(_ parts: [PageData.Part], isLive: Bool) async -> [(PageData.Part, [UInt8])] {
        await withCheckedContinuation { continuation in
            queue.async {
                let encoded = parts.map { part in
                    let bytes = self.state.withLock { state -> [UInt8] in
                        if isLive { state.model.passTime(to: .now) }
                        return PageData(of: state.model, isLive: isLive).fields(of: part)
                    }
                    return (part, bytes)
                }
                continuation.resume(returning: encoded)
            }
        }
    }
}
