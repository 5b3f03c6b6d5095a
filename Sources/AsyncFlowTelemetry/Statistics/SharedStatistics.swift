package import AsyncFlow
import Synchronization

/// The statistics of an engine, for everybody who shows them: there is one per engine, made when it is first asked for.
package final class SharedStatistics: EventConsumer {
    private let statistics = Mutex(RunStatistics())
    private let attachment = Mutex<EventAttachment?>(nil)

    package func read<Result: Sendable>(_ body: (RunStatistics) -> Result) -> Result {
        statistics.withLock { body($0) }
    }

    package var current: RunStatistics { statistics.withLock { $0 } }

    package func consume(_ events: [WorkflowEvent], droppedCount: Int) {
        statistics.withLock { statistics in
            if droppedCount > 0 { statistics.addDropped(droppedCount) }
            for event in events { statistics.apply(event) }
        }
    }

    package func finish() {}

    /// Returns when it has taken in all that happened before the call.
    package func flush() async { await attachment.withLock { $0 }?.flush() }

    fileprivate func attach(to flow: WorkflowEngine) {
        // Room for so much that what is shown isn't wrong unless the machine is hopelessly busy.
        let made = flow.attach(self, overflow: .wait(limit: 1 << 18, patience: .milliseconds(200)))
        attachment.withLock { $0 = made }
    }
}

extension WorkflowEngine {
    /// The statistics of this engine from the first time on that this is asked for.
    package var statistics: SharedStatistics {
        companion(SharedStatistics.self) {
            let statistics = SharedStatistics()
            statistics.attach(to: self)
            return statistics
        }
    }
}
