public import AsyncFlow
import Synchronization

/// What watches a run: a recording, subscribers, a summary.
///
/// It ends with the engine, or by ``stop()``; one that is dropped goes on until the engine ends.
public final class Telemetry: Sendable {
    /// The file of the recording; nil if there is none.
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

    /// The events from now on for which a condition holds. See `EventStream` for what happens when a reader lags.
    public func events(
        where condition: @escaping @Sendable (WorkflowEvent) -> Bool = { _ in true }
    ) -> AsyncFilterSequence<EventStream> {
        flow.events.filter(condition)
    }

    /// Calls a closure for every event from now on for which a condition holds, one after the other, on a thread that
    /// is there for that alone. A closure that is slow never slows the run: what it doesn't keep up with is left out.
    ///
    /// - Returns: what ends it; it also ends with the engine.
    @discardableResult
    public func subscribe(
        where condition: @escaping @Sendable (WorkflowEvent) -> Bool = { _ in true },
        _ body: @escaping @Sendable (WorkflowEvent) -> Void
    ) -> TelemetrySubscription {
        let subscriber = Subscriber(condition, body)
        return TelemetrySubscription(flow.attach(subscriber, overflow: .drop(limit: 1 << 16)))
    }

    /// How the run stands, by everything that happened before the call.
    public func summary() async -> TelemetrySummary {
        await statistics.flush()
        let counts = recorder?.counts
        return TelemetrySummary(
            statistics.current, recorded: counts?.recorded, unrecorded: counts?.missing ?? 0)
    }

    // MARK: - The recording

    /// Has everything that happened before the call written to the recording.
    ///
    /// - Parameter fsync: whether the system has to bring it to the disk, too.
    /// - Throws: ``TelemetryError`` if the recording can't be written, or couldn't before.
    public func flush(fsync: Bool = false) async throws(TelemetryError) {
        await recording?.flush()
        guard let recorder else { return }
        if fsync { try recorder.synchronize() } else { try recorder.check() }
    }

    /// Ends recording, sampling and summing up, after what happened before the call; the engine then runs as if nobody
    /// had ever looked, but for subscriptions, which go on. The second call does nothing.
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

    /// How many events were left out because the closure was too slow.
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
    /// Begins to watch the run: records it, measures the machine, sums up. Call it before the tasks whose events count.
    ///
    /// ```swift
    /// let telemetry = try flow.startTelemetry(.init(recording: "telemetry"))
    /// …
    /// print(await telemetry.summary())
    /// ```
    ///
    /// The recording is a file of JSON lines, `<engine id>.<time>.telemetry.jsonl` (with `.gz` if it is compressed),
    /// which the command `asyncflow` reads, and so do programs for those of RADICAL AsyncFlow and RHAPSODY. The
    /// engine's shutdown waits for its last line. Recording never fails the run: if the file can't be written any more,
    /// the log says so, and ``TelemetrySummary/unrecordedEvents`` counts what is missing.
    ///
    /// - Parameter configuration: what is recorded and measured.
    /// - Throws: ``TelemetryError`` if the recording can't be begun.
    public func startTelemetry(
        _ configuration: TelemetryConfiguration = TelemetryConfiguration()
    ) throws(TelemetryError) -> Telemetry {
        try Telemetry(self, configuration)
    }
}
