public import Logging

extension WorkflowEngine {
    /// The configuration of an engine. The defaults suit most programs.
    public struct Configuration: Sendable {
        /// The number of threads that run synchronous bodies and the active parts of async ones; by default the number
        /// of cores.
        public var workers: Int
        /// The directory in which run directories are made; by default `.asyncflow` in the current directory.
        public var workDirectory: String
        /// Whether nothing is really run: commands, functions and prompts are replaced by placeholder values, only
        /// block bodies run, and ``WorkflowEngine/dryRunReport`` shows what would have run. Applies to every backend.
        public var dryRun: Bool
        /// The engine's logger; by default it writes to the console, at the level that `ASYNCFLOW_LOG_LEVEL` or
        /// `RADICAL_LOG_LVL` names.
        public var logger: Logger
        /// The effect of failed tasks on all others; by default the others continue.
        public var failurePolicy: FailurePolicy
        /// The clock for all times of retries, timeouts, deadlines and rates; a test may pass one that it advances
        /// itself.
        public var clock: any Clock<Duration>

        /// The time, on the wall clock, for which tasks must have been waiting for each other, with nothing that could
        /// end it, before a warning names them; nil for no such warning. See <doc:WaitingWithoutEnd>.
        public var stallWarning: Duration? = .seconds(10)

        /// The makers of features that are attached to the engine from outside of the core.
        package var parts: [any EnginePartMaker] = []

        /// The settings of the engine's features.
        var settings = TypedValues()

        /// The number of cores that this process may use, within its affinity and its control groups; at least one.
        public static var availableCores: Int { Machine.thisOne.cores }
    }
}
