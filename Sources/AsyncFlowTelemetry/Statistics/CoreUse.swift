package import AsyncFlow
import AsyncFlowBase

/// The cores that running tasks use, as the summary, the page, the trace, samples and the progress display count them.
///
/// A task uses the cores that its backend granted it; a command that runs elsewhere, as in a Slurm job, those that it
/// requested, or one. A function that requests none holds none: it runs on one of the engine's threads, of which there
/// may be more than cores. Such functions count as one core each, but all tasks together never count as more cores than
/// the engine's backends have. Blocks and prompts wait, and use none.
package struct CoreUse: Sendable, Equatable {
    /// The cores that were granted.
    package var granted = 0.0
    /// The number of running tasks that hold no core but need one to run.
    package var unheld = 0.0

    package init(granted: Double = 0, unheld: Double = 0) {
        self.granted = granted
        self.unheld = unheld
    }

    /// Creates the use of one task.
    ///
    /// - Parameter granted: the cores that its backend granted it; nil if the backend doesn't say.
    package init(of kind: TaskKind, granted: Int?) {
        self.init(granted: granted.map { Double($0) }, waits: kind == .block || kind == .prompt)
    }

    init(granted: Double?, waits: Bool) {
        self.init(granted: granted ?? 0, unheld: granted == nil && !waits ? 1 : 0)
    }

    /// Returns the number of cores in use.
    ///
    /// - Parameter capacity: the number of cores of the backends; nil if it isn't known.
    package func total(of capacity: Double?) -> Double {
        guard let capacity, capacity > 0 else { return granted + unheld }
        return max(granted, min(granted + unheld, capacity))
    }

    package static func += (use: inout CoreUse, more: CoreUse) {
        use.granted += more.granted
        use.unheld += more.unheld
    }

    package static func -= (use: inout CoreUse, less: CoreUse) {
        use.granted -= less.granted
        use.unheld -= less.unheld
    }
}

extension WorkflowEvent {
    /// The cores that the task of a `taskStarted` was granted; nil if it holds none.
    package var grantedCores: Int? {
        if let allocation { return allocation.cores }
        guard let task, task.kind == .executable || task.kind == .service, let request else { return nil }
        return (request.cores ?? 1).multipliedSaturated(by: request.ranks)
    }
}
