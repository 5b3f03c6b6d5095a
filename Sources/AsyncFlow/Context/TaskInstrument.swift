import AsyncFlowBase
import Synchronization

/// An instrument that runs the bodies of tasks within a context and passes that context to commands, as tracing does.
package protocol TaskInstrument: AnyObject, Sendable {
    /// Runs the body of a task's attempt.
    func run(_ task: TaskContext, _ body: () -> Void)
    /// Runs the async body of a task's attempt.
    nonisolated(nonsending) func run(_ task: TaskContext, _ body: nonisolated(nonsending) () async -> Void) async
    /// Returns the variables for the environment of the attempt's commands. Variables that a command sets itself win.
    func environment(of task: TaskContext) -> [String: String]
}

/// The instrument of an engine, if it has one.
final class InstrumentSlot: Sendable {
    private let isUsed = Atomic<Bool>(false)
    private let instrument = Lock<(any TaskInstrument)?>(nil)

    /// The instrument; without one, the access costs reading a flag.
    var current: (any TaskInstrument)? {
        isUsed.load(ordering: .relaxed) ? instrument.withLock { $0 } : nil
    }

    /// Installs an instrument.
    ///
    /// - Returns: whether it is installed: false if there is another one.
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
    /// Returns the same command with the variables of the engine's instrument.
    func instrumented(in task: TaskContext) -> Command {
        guard let instrument = task.localEngine?.instrument.current else { return self }
        return with { command in
            command.environment.merge(instrument.environment(of: task)) { given, _ in given }
        }
    }
}
