import AsyncFlow
import AsyncFlowBase
import Logging

/// A consumer that writes every event and every sample as a line of a recording.
///
/// Lines are written when there are many, when the flush interval has passed, and on request. If they can't be written,
/// the recording ends there: one message is logged, and the run continues.
final class Recorder: EventConsumer {
    private struct State: ~Copyable {
        var encoder: EventLineEncoder
        var buffer = LineBuffer(capacity: 2 * Recorder.writeSize)
        var file: RecordingFile
        var lastWrite = ContinuousClock.now
        var lastLook = ContinuousClock.now
        var eventCount = 0
        var unwrittenCount = 0
        var lostCount = 0
        var problem: String?
        var isEnded = false
        /// Whether the file is gone and none can be created in its place.
        var isLost = false
        var isUnrotatable = false
        var whenFinished: (@Sendable () -> Void)?
    }

    /// The number of collected bytes at which they are written without waiting for the flush interval.
    private static let writeSize = 1 << 18
    /// The time between two checks that the file is still at its path.
    private static let lookInterval = Duration.seconds(1)

    /// A problem with the file that is logged.
    private enum Trouble {
        case unwritable(String)
        case moved
        case lost(String)
        case unrotated(String)
    }

    private let state: Lock<State>
    private let flushInterval: Duration
    private let rotation: TelemetryConfiguration.Rotation?
    private let logger: Logger
    let path: String

    init(
        _ file: consuming RecordingFile, _ encoder: EventLineEncoder, flushInterval: Duration,
        rotation: TelemetryConfiguration.Rotation? = nil, startTime: EventTime, logger: Logger
    ) {
        path = file.path
        self.flushInterval = flushInterval
        self.rotation = rotation
        self.logger = logger
        state = Lock(State(encoder: encoder, file: file))
        state.withLock { $0.encoder.appendSessionStart(at: startTime, to: &$0.buffer) }
    }

    // MARK: - Events

    func consume(_ events: [WorkflowEvent], droppedCount: Int) {
        let problem = state.withLock { state -> Trouble? in
            state.lostCount += droppedCount
            if state.problem != nil {
                state.unwrittenCount += events.count
                return nil
            }
            if droppedCount > 0 { state.encoder.appendDropped(droppedCount, to: &state.buffer) }
            for event in events { state.encoder.append(event, to: &state.buffer) }
            state.eventCount += events.count
            return writeIfDue(&state)
        }
        report(problem)
    }

    func add(_ sample: TelemetrySample) {
        let problem = state.withLock { state -> Trouble? in
            if state.problem != nil || state.isEnded { return nil }
            state.encoder.append(sample, to: &state.buffer)
            return writeIfDue(&state)
        }
        report(problem)
    }

    /// Writes the collected lines. Also called from time to time when nothing happens.
    func write() {
        report(state.withLock { state in state.isEnded ? nil : write(&state) })
    }

    func flush() {
        report(state.withLock { state in state.isEnded ? nil : write(&state, looks: true) })
    }

    /// - Throws: ``TelemetryError`` if the recording can't be written, or couldn't before.
    func synchronize() throws(TelemetryError) {
        let problem = state.withLock { state in state.problem ?? state.file.synchronize() }
        if let problem { throw TelemetryError("the recording \(path) can't be written: \(problem)") }
    }

    /// - Throws: ``TelemetryError`` if the recording couldn't be written.
    func check() throws(TelemetryError) {
        if let problem = state.withLock({ $0.problem }) {
            throw TelemetryError("the recording \(path) can't be written: \(problem)")
        }
    }

    /// Sets the closure that is called when the recording has ended.
    func whenFinished(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.whenFinished = body } }

    func finish() {
        let (problem, unwritten, lost, whenFinished) = state.withLock { state in
            // Not into another file: it would have nothing but a beginning, and the end might not be kept.
            var problem = write(&state, looks: true, rotates: false)
            if state.problem == nil, let trouble = state.file.finish() {
                state.problem = trouble
                problem = .unwritable(trouble)
            }
            state.isEnded = true
            return (problem, state.unwrittenCount, state.lostCount, state.whenFinished.take())
        }
        whenFinished?()
        report(problem)
        if unwritten > 0 {
            logger.warning("the recording \(path) lacks the last \(unwritten) events, which couldn't be written")
        }
        if lost > 0 {
            logger.warning("\(lost) events are missing in the recording \(path): its disk was too slow for them")
        }
    }

    /// The numbers of events that were recorded and that are missing.
    var counts: (recorded: Int, missing: Int) {
        state.withLock { ($0.eventCount, $0.unwrittenCount + $0.lostCount) }
    }

    // MARK: - Writing

    private func writeIfDue(_ state: inout State) -> Trouble? {
        guard state.buffer.count >= Self.writeSize || ContinuousClock.now - state.lastWrite >= flushInterval else {
            return nil
        }
        return write(&state)
    }

    /// - Parameters:
    ///   - looks: whether to check now that the file is still at its path.
    ///   - rotates: whether to continue in another file if this one is large enough then.
    /// - Returns: the problem, if it wasn't known before.
    private func write(_ state: inout State, looks: Bool = false, rotates: Bool = true) -> Trouble? {
        guard state.problem == nil, state.buffer.count > 0 else { return nil }
        let now = ContinuousClock.now
        state.lastWrite = now
        var trouble: Trouble?
        if looks || now - state.lastLook >= Self.lookInterval {
            state.lastLook = now
            if state.file.isGone { trouble = Self.goOn(&state) }
        }
        let (count, problem) = state.file.write(state.buffer.bytes)
        guard let problem else {
            state.buffer.removeAll()
            return trouble ?? (rotates ? rotateIfDue(&state) : nil)
        }
        // The lines that weren't written completely.
        let missing = state.buffer.bytes[count...].count { $0 == 0x0A }
        state.unwrittenCount += missing
        state.eventCount -= min(missing, state.eventCount)
        state.buffer.removeAll()
        state.problem = problem
        return .unwritable(problem)
    }

    /// Continues in a new file if the open one is large enough. If that fails, the open file keeps growing, and
    /// rotation isn't tried again.
    private func rotateIfDue(_ state: inout State) -> Trouble? {
        guard let rotation, !state.isUnrotatable, Int64(state.file.byteCount) >= rotation.size.bytes else { return nil }
        do {
            try state.file.rotate(keeping: rotation.kept)
        } catch {
            state.isUnrotatable = true
            return .unrotated(error.description)
        }
        state.encoder.appendSessionStart(at: .now, continues: true, to: &state.buffer)
        return nil
    }

    /// Continues in a new file at the path, which begins like every recording. If it can't be created, that isn't tried
    /// again, and the events are written to the old file.
    private static func goOn(_ state: inout State) -> Trouble? {
        guard !state.isLost else { return nil }
        do {
            try state.file.reopen()
        } catch {
            state.isLost = true
            return .lost(error.description)
        }
        let lines = state.buffer.copy()
        state.buffer.removeAll()
        state.encoder.appendSessionStart(at: .now, continues: true, to: &state.buffer)
        state.buffer.append(lines)
        return .moved
    }

    private func report(_ trouble: Trouble?) {
        switch trouble {
        case .unwritable(let problem):
            logger.warning(
                "the recording \(path) ends here, because it can't be written: \(problem). The run continues.")
        case .moved:
            logger.warning(
                """
                the recording \(path) was moved or removed. It continues in a new file there; earlier events are in \
                the moved file, or lost
                """)
        case .lost(let problem):
            logger.warning(
                """
                the recording \(path) was moved or removed, and can't continue there: \(problem). It continues in the \
                moved file, if that still exists
                """)
        case .unrotated(let problem):
            logger.warning("the recording \(path) keeps growing in one file: \(problem)")
        case nil: break
        }
    }
}
