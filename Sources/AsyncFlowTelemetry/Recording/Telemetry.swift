public import AsyncFlow
import Synchronization

/// The observation of a run: a recording, subscribers and a summary.
///
/// It ends with the engine or by ``stop()``. If this object is released, it continues until the engine ends.
public final class Telemetry: Sendable {
    /// The path of the recording's file; nil if there is no recording.
    public let recordingPath: String?
    private let flow: WorkflowEngine
    private let statistics: SharedStatistics
    private let recorder: Recorder?
    private let recording: EventAttachment?
    private let keeper: SampleKeeper?
    private let isStopped = Atomic<Bool>(false)

    init(_ flow: WorkflowEngine, _ configuration: TelemetryConfiguration) throws(TelemetryError) {
        self.flow = flow
        statistics = flow.statistics
        if let directory = configuration.recordingDirectory {
            let recorder = try Recorder.begin(of: flow, in: directory.path ?? flow.runDirectory, configuration)
            let keeper = SampleKeeper(flow.resourceSampler, recorder, configuration)
            self.recorder = recorder
            self.keeper = keeper
            recordingPath = recorder.path
            recorder.whenFinished { keeper.stop() }
            recording = flow.attach(recorder, overflow: .wait())
            keeper.start()
        } else {
            recorder = nil
            recordingPath = nil
            recording = nil
            keeper = nil
        }
        statistics.begin(on: flow)
    }

    // MARK: - Reading events

    /// Returns the events from now on for which a condition holds. See `EventStream` for what happens when a reader
    /// lags.
    public func events(
        where condition: @escaping @Sendable (WorkflowEvent) -> Bool = { _ in true }
    ) -> AsyncFilterSequence<EventStream> {
        flow.events.filter(condition)
    }

    /// Calls a closure for every event from now on for which a condition holds, one after the other, on a dedicated
    /// thread. A slow closure never slows the run: events that it doesn't keep up with are left out.
    ///
    /// - Returns: the subscription, which can be cancelled and otherwise ends with the engine.
    @discardableResult
    public func subscribe(
        where condition: @escaping @Sendable (WorkflowEvent) -> Bool = { _ in true },
        _ body: @escaping @Sendable (WorkflowEvent) -> Void
    ) -> TelemetrySubscription {
        let subscriber = Subscriber(condition, body)
        return TelemetrySubscription(flow.attach(subscriber, overflow: .drop(limit: 1 << 16)))
    }

    /// Returns a summary of the run that includes everything that happened before the call.
    public func summary() async -> TelemetrySummary {
        await statistics.flush()
        let counts = recorder?.counts
        return TelemetrySummary(
            statistics.current, recorded: counts?.recorded, unrecorded: counts?.missing ?? 0)
    }

    // MARK: - The recording

    /// Writes everything that happened before the call to the recording.
    ///
    /// - Parameter fsync: whether to have the system write it to the disk too.
    /// - Throws: ``TelemetryError`` if the recording can't be written, or couldn't before.
    public func flush(fsync: Bool = false) async throws(TelemetryError) {
        await recording?.flush()
        guard let recorder else { return }
        if fsync { try recorder.synchronize() } else { try recorder.check() }
    }

    /// Ends recording, sampling and summing up; everything that happened before the call is included. The engine then
    /// runs as if it had never been observed, but subscriptions continue. Later calls do nothing.
    public func stop() async {
        guard isStopped.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else { return }
        keeper?.stop()
        await recording?.detach()
        await statistics.end()
    }
}

/// A closure that is called for events: see ``Telemetry/subscribe(where:_:)``.
public struct TelemetrySubscription: Sendable {
    private let attachment: EventAttachment

    init(_ attachment: EventAttachment) { self.attachment = attachment }

    /// Ends the calls; returns after the last one.
    public func cancel() async { await attachment.detach() }

    /// The number of events that were left out because the closure was too slow.
    public var droppedCount: Int { attachment.droppedCount }
}

private final class Subscriber: EventConsumer {
    private let condition: @Sendable (WorkflowEvent) -> Bool
    private let body: @Sendable (WorkflowEvent) -> Void

    init(
        _ condition: @escaping @Sendable (WorkflowEvent) -> Bool, _ body: @escaping @Sendable (WorkflowEvent) -> Void
    ) {
        self.condition = condition
        self.body = body
    }

    func consume(_ events: [WorkflowEvent], droppedCount: Int) {
        for event in events where condition(event) { body(event) }
    }

    func finish() {}
}

extension WorkflowEngine {
    /// Starts to observe the run: records it, measures the computer, and keeps a summary. Call it before the tasks that
    /// it is to cover.
    ///
    /// ```swift
    /// let telemetry = try flow.startTelemetry(.init(recording: "telemetry"))
    /// …
    /// print(await telemetry.summary())
    /// ```
    ///
    /// The recording is a file of JSON lines, `<engine id>.<time>.telemetry.jsonl` (with `.gz` if it is compressed).
    /// The command `asyncflow` reads it, and so do programs that read recordings of RADICAL AsyncFlow and RHAPSODY. The
    /// engine's shutdown waits for its last line. Recording never fails the run: if the file can no longer be written,
    /// a warning is logged, and ``TelemetrySummary/unrecordedEvents`` counts the missing events.
    ///
    /// - Parameter configuration: what is recorded and measured.
    /// - Throws: ``TelemetryError`` if the recording can't be started.
    public func startTelemetry(
        _ configuration: TelemetryConfiguration = TelemetryConfiguration()
    ) throws(TelemetryError) -> Telemetry {
        try Telemetry(self, configuration)
    }
}
