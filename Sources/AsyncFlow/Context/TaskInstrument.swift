import AsyncFlowBase
import Synchronization

/// Lets the bodies of tasks run in a context of its own, and tells commands of it: tracing does.
package protocol TaskInstrument: AnyObject, Sendable {
    /// Runs the body of a task's attempt.
    func run(_ task: TaskContext, _ body: () -> Void)
    /// Runs the async body of a task's attempt.
    nonisolated(nonsending) func run(_ task: TaskContext, _ body: nonisolated(nonsending) () async -> Void) async
    /// What the commands of the attempt find in their environment, unless they are given something else by that name.
    func environment(of task: TaskContext) -> [String: String]
}

/// The instrument of an engine, if it has one.
final class InstrumentSlot: Sendable {
    private let isUsed = Atomic<Bool>(false)
    private let instrument = Lock<(any TaskInstrument)?>(nil)

    /// Without one, this costs reading a flag.
    var current: (any TaskInstrument)? {
        isUsed.load(ordering: .relaxed) ? instrument.withLock { $0 } : nil
    }

    /// - Returns: whether there was none.
    func set(_ new: any TaskInstrument) -> Bool {
        let isFirst = instrument.withLock { instrument in
            if instrument == nil { instrument = new }
            return instrument === new
        }
        if isFirst { isUsed.store(true, ordering: .releasing) }
        return isFirst
    }

    func remove() {
        isUsed.store(false, ordering: .relaxed)
        instrument.withLock { $0 = nil }
    }
}

extension Command {
    /// The same command, told of the instrument's context.
    func instrumented(in task: TaskContext) -> Command {
        guard let instrument = task.localEngine?.instrument.current else { return self }
        return with { command in
            command.environment.merge(instrument.environment(of: task)) { given, _ in given }
        }
    }
}
