public import AsyncFlow
import AsyncFlowTelemetry
public import Metrics

/// A handle of the metrics that go from an engine to swift-metrics. Counting continues until the engine ends, even if
/// this handle is released.
public final class WorkflowMetrics: Sendable {
    private let attachment: EventAttachment

    fileprivate init(_ attachment: EventAttachment) { self.attachment = attachment }

    /// Ends counting. Calling it again does nothing.
    public func stop() async { await attachment.detach() }
    /// Waits until everything that happened before the call has been counted.
    public func flush() async { await attachment.flush() }
}

extension WorkflowEngine {
    /// Counts the tasks of this engine from now on with the program's own metrics backend: `tasks_submitted`,
    /// `tasks_started`, `tasks_completed`, `tasks_reused`, `tasks_failed`, `tasks_canceled`, `tasks_running`, and
    /// `task_duration_seconds` by `task_name`.
    ///
    /// - Parameter factory: the destination of the metrics; by default the one given to `MetricsSystem.bootstrap`.
    @discardableResult
    public func startMetrics(_ factory: (any MetricsFactory)? = nil) -> WorkflowMetrics {
        WorkflowMetrics(attach(MetricsReader(factory ?? MetricsSystem.factory), overflow: .drop()))
    }
}

/// A consumer that counts on a dedicated thread.
private final class MetricsReader: EventConsumer, @unchecked Sendable {  // consumers are never called concurrently
    private let factory: any MetricsFactory
    private let submitted, started, completed, reused, failed, canceled: Counter
    private let running: Gauge
    private var durations: [String: Recorder] = [:]
    private var clock = TaskClock()
    private var runningCount = 0

    init(_ factory: any MetricsFactory) {
        self.factory = factory
        submitted = Counter(label: "tasks_submitted", factory: factory)
        started = Counter(label: "tasks_started", factory: factory)
        completed = Counter(label: "tasks_completed", factory: factory)
        reused = Counter(label: "tasks_reused", factory: factory)
        failed = Counter(label: "tasks_failed", factory: factory)
        canceled = Counter(label: "tasks_canceled", factory: factory)
        running = Gauge(label: "tasks_running", factory: factory)
    }

    func consume(_ events: [WorkflowEvent], droppedCount: Int) {
        var meter = RunMeter()
        for event in events {
            guard let step = clock.apply(event) else { continue }
            meter.apply(step)
            if case .ended(_, let name, let seconds?) = step { recorder(of: name).record(seconds) }
        }
        for (counter, count) in [
            (submitted, meter.submitted), (started, meter.started), (completed, meter.completed),
            (reused, meter.reused), (failed, meter.failed),
            (canceled, meter.canceled),
        ] where count > 0 { counter.increment(by: count) }
        // Recorded also if all tasks have already ended, because a gauge that was never set doesn't appear.
        if meter.started > 0 || meter.running != 0 {
            runningCount += meter.running
            running.record(runningCount)
        }
    }

    private func recorder(of name: String) -> Recorder {
        let name = durations[name] != nil || durations.count < RunMeter.nameLimit ? name : RunMeter.otherNames
        if let recorder = durations[name] { return recorder }
        let recorder = Recorder(
            label: "task_duration_seconds", dimensions: [("task_name", name)], aggregate: true, factory: factory)
        durations[name] = recorder
        return recorder
    }

    func finish() {}
}
