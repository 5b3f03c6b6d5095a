package import AsyncFlow
import AsyncFlowBase

/// The statistics of an engine, shared by everything that shows them; there is one per engine. It counts from the first
/// use on, as long as it is used.
package final class SharedStatistics: EventConsumer {
    private struct Use {
        var count = 0
        var attachment: EventAttachment?
    }
    private let statistics = Lock(RunStatistics())
    private let use = Lock(Use())

    package func read<Result: Sendable>(_ body: (RunStatistics) -> Result) -> Result {
        statistics.withLock { body($0) }
    }

    package var current: RunStatistics { statistics.withLock { $0 } }

    /// Whether the statistics are in use.
    package var isCounting: Bool { use.withLock { $0.count > 0 } }

    package func consume(_ events: [WorkflowEvent], droppedCount: Int) {
        statistics.withLock { statistics in
            if droppedCount > 0 { statistics.addDropped(droppedCount) }
            for event in events { statistics.apply(event) }
        }
    }

    package func finish() {}

    /// Waits until everything that happened before the call is counted.
    package func flush() async { await use.withLock { $0.attachment }?.flush() }

    /// Begins a use; counting starts with the first one.
    package func begin(on flow: WorkflowEngine) {
        use.withLock { use in
            use.count += 1
            // The limit is so large that the numbers are right unless the computer is hopelessly overloaded.
            if use.count == 1 {
                let cores = flow.coreCount
                statistics.withLock { $0.coreCapacity = cores > 0 ? cores : nil }
                use.attachment = flow.attach(self, overflow: .wait(limit: 1 << 18, patience: .milliseconds(200)))
            }
        }
    }

    /// Ends a use, after counting what happened before the call. The numbers stay.
    package func end() async {
        let last = use.withLock { use in
            use.count -= 1
            return use.count == 0 ? use.attachment.take() : nil
        }
        await last?.detach()
    }
}

extension WorkflowEngine {
    /// The statistics of this engine.
    package var statistics: SharedStatistics { companion(SharedStatistics.self) { SharedStatistics() } }
}
