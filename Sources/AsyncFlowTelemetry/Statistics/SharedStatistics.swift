package import AsyncFlow
import AsyncFlowBase

/// The statistics of an engine, for everybody who shows them: there is one per engine. It counts as long as somebody
/// uses it, from the first use on.
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

    /// Whether somebody uses it.
    package var isCounting: Bool { use.withLock { $0.count > 0 } }

    package func consume(_ events: [WorkflowEvent], droppedCount: Int) {
        statistics.withLock { statistics in
            if droppedCount > 0 { statistics.addDropped(droppedCount) }
            for event in events { statistics.apply(event) }
        }
    }

    package func finish() {}

    /// Returns when it has taken in all that happened before the call.
    package func flush() async { await use.withLock { $0.attachment }?.flush() }

    /// Counts from now on, if nobody has had it count before.
    package func begin(on flow: WorkflowEngine) {
        use.withLock { use in
            use.count += 1
            // Room for so much that what is shown isn't wrong unless the machine is hopelessly busy.
            if use.count == 1 {
                let cores = flow.coreCount
                statistics.withLock { $0.coreCapacity = cores > 0 ? cores : nil }
                use.attachment = flow.attach(self, overflow: .wait(limit: 1 << 18, patience: .milliseconds(200)))
            }
        }
    }

    /// Ends a use, after what happened before the call. What was counted stays.
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
