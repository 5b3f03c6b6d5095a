public import Logging

extension WorkflowEngine {
    /// How an engine is set up. The defaults just work.
    public struct Configuration: Sendable {
        /// How many threads run synchronous bodies and the active parts of async ones; as many as there are cores.
        public var workers: Int
        /// Where run directories are made; `.asyncflow` in the current directory.
        public var workDirectory: String
        /// Run nothing: commands, functions and prompts are replaced by placeholder values, only block bodies run, and
        /// ``WorkflowEngine/dryRunReport`` says what would have run. Holds for every backend.
        public var dryRun: Bool
        /// Where the engine logs; by default the console, at the level that `ASYNCFLOW_LOG_LEVEL` or `RADICAL_LOG_LVL`
        /// names.
        public var logger: Logger
        /// What happens to everything else when tasks fail: it goes on.
        public var failurePolicy: FailurePolicy
        /// Where all time of retries, timeouts, deadlines and rates comes from; a test may give one that it advances
        /// itself.
        public var clock: any Clock<Duration>

        /// How long tasks have to have been waiting for each other, with nothing that could end it, before a warning
        /// names them; nil for no such warning. By the clock on the wall. See <doc:WaitingWithoutEnd>.
        public var stallWarning: Duration? = .seconds(10)

        /// What hangs on the engine from outside of the core.
        package var parts: [any EnginePartMaker] = []

        /// What features of the engine are set up with.
        var settings = TypedValues()

        /// How many cores this process may use, as far as its affinity and its control groups leave it any; at least
        /// one.
        public static var availableCores: Int { Machine.thisOne.cores }
    }
}
