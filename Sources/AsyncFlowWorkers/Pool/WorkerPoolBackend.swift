public import AsyncFlow
public import Logging

/// Runs portable tasks in processes of their own: on this machine, or wherever a command can start the program.
///
/// ```swift
/// try await WorkflowWorker.serveIfLaunchedAsOne([Tasks.simulate])
/// try await withWorkflowEngine(backends: [LocalBackend(), WorkerPoolBackend(workers: 4)]) { flow in
///     let simulate = flow.portableTask(Tasks.simulate, .on("pool"), .retry(2, on: .workerLost))
///     …
/// }
/// ```
///
/// A worker that crashes, hangs or is killed costs the tasks that it runs: they fail with a ``WorkerLostError``.
/// Others, which were only sent ahead to it, go to other workers; a new one takes its place.
///
/// A task counts as started, and its time limit runs, from when a worker begins its body; until then it is pending.
///
/// Several engines may have the same pool: it starts with the first of them and ends with the last, and starts again
/// for the next one.
public final class WorkerPoolBackend: PortableBackend, PortableReceiver {
    public let name: String
    public var reportsStart: Bool { true }
    private let core: PoolCore

    /// - Parameters:
    ///   - name: the name for `.on("pool")`.
    ///   - workers: how many processes there are.
    ///   - launcher: what starts them: processes of this machine by default.
    ///   - configuration: how they are set up.
    public init(
        name: String = "pool", workers: Int = 2, launcher: WorkerLauncher = .local,
        configuration: Configuration = Configuration()
    ) {
        self.name = name
        core = PoolCore(name: name, workers: max(1, workers), launcher: launcher, configuration: configuration)
    }

    /// Starts the workers, and returns when one of them is ready. Each call counts as one more user of the pool, who
    /// calls ``shutdown()`` afterwards.
    ///
    /// - Throws: ``WorkerPoolError`` if none can be started; `CancellationError` if the calling Swift task is
    ///   cancelled.
    public func start() async throws { try await core.start() }

    /// Starts the workers unless they have been, and returns when one of them is ready: for an owner that calls it
    /// again and again, and shuts the pool down once.
    package func startOnce() async throws { try await core.startOnce() }

    /// Returns when one of its workers is ready.
    ///
    /// - Throws: ``WorkerPoolError`` if there will be none any more.
    package func ready() async throws { try await core.waitUntilReady() }

    public func execute(_ call: PortableCall) async throws -> PortableResult { try await core.execute(call) }

    package func begin(
        _ call: PortableCall, _ end: @escaping @Sendable (Result<PortableResult, any Error>) -> Void
    ) -> UInt64 {
        core.begin(call, end)
    }

    package func cancel(_ call: UInt64) { core.cancel(call) }

    /// Lets the workers end if this is the last user of the pool; those that don't get SIGTERM and SIGKILL.
    public func shutdown() async { await core.shutdown() }

    /// The workers that there are now.
    public var workers: [WorkerStatus] { core.statuses }
}

/// A worker of a pool.
public struct WorkerStatus: Sendable, Hashable {
    public let name: String
    /// Whether it has said that it is ready.
    public let isReady: Bool
    /// Where it runs; nil before it is ready.
    public let host: String?
    /// Its process id there; nil before it is ready.
    public let processID: Int32?
    /// How many calls it has.
    public let callCount: Int
    /// The interpreter of a worker that calls functions of another language, with its version, for example
    /// `CPython 3.12.1`; nil before it is ready, and for a Swift program.
    public let runtime: String?
}

/// Workers that aren't Swift programs but interpreters of another language.
package struct ForeignWorkers: Sendable {
    /// The language, as it stands in ``ForeignFunction/language``.
    package var language: String
    /// The words with which the interpreter is started.
    package var arguments: [String]
    /// Makes what a worker of this name gets before anything else: its own source, for example.
    package var preamble: @Sendable (_ name: String) -> [UInt8]

    package init(
        language: String, arguments: [String], preamble: @escaping @Sendable (_ name: String) -> [UInt8]
    ) {
        self.language = language
        self.arguments = arguments
        self.preamble = preamble
    }
}

extension WorkerPoolBackend {
    /// How a pool and its workers are set up.
    public struct Configuration: Sendable {
        /// The program that is started, which calls ``WorkflowWorker/serveIfLaunchedAsOne(_:)``; this program by
        /// default.
        public var program: String?
        /// How many tasks run at once in a worker, each on a thread of its own; 1 by default, so that a crash costs
        /// one.
        public var concurrency = 1
        /// How many cores a worker may use: `OMP_NUM_THREADS`, and what `srun` is asked for. Not said by default.
        public var cores: Int?
        /// Which GPUs each worker sees, by its place in the pool, in turns: `[["0"], ["1"]]`. The variables are
        /// `CUDA_VISIBLE_DEVICES` and `ROCR_VISIBLE_DEVICES`. Not said by default.
        public var gpus: [[String]] = []
        /// More variables for the workers.
        public var environment: [String: String] = [:]
        /// Variables for a worker by its place in the pool, from 0; they win over the others.
        public var environmentOfSlot: (@Sendable (_ slot: Int) -> [String: String])?
        /// The directory that the workers run in; this process's own by default, or where the launcher puts them.
        public var workingDirectory: String?
        /// How long a worker may take from its launch until it is ready; 30 seconds by default.
        public var startTimeout: Duration = .seconds(30)
        /// After how long without a word a worker counts as hung, and is killed; 10 seconds by default. The pool asks
        /// several times in that time, and a worker answers while its tasks run, whatever they do. Time in which this
        /// program itself was stopped or suspended doesn't count.
        public var heartbeatTimeout: Duration = .seconds(10)
        /// After how long without a word from the pool a worker on another machine ends, in case this machine is gone
        /// without having closed the connection; 10 minutes by default. A program that is stopped for longer loses such
        /// workers. Those of ``WorkerLauncher/local`` end with the program, and don't need it.
        public var orphanTimeout: Duration = .seconds(600)
        /// After how many workers in a row that couldn't be started the pool gives up; 3 by default.
        public var startFailureLimit = 3
        /// How long to wait before a lost worker is replaced: this long, then twice as long, and so on until a task
        /// succeeds; 100 ms by default.
        public var firstBackoff: Duration = .milliseconds(100)
        /// The longest such wait; 30 seconds by default.
        public var longestBackoff: Duration = .seconds(30)
        /// After how many tasks a worker is replaced by a new one; never by default.
        public var tasksPerWorker: Int?
        /// With how much memory in use a worker is replaced by a new one, when it has ended its tasks; never by
        /// default.
        public var memoryPerWorker: MemorySize?
        /// How many tasks a worker has at most, running and sent ahead; 256 by default. Only what takes next to no time
        /// is sent ahead.
        public var inFlightLimit = 256
        /// Gets what the workers print, as `info`, and what becomes of them.
        public var logger: Logger = .asyncFlow(label: "asyncflow.workers")

        /// What makes the workers call functions of another language; nil if they are Swift programs.
        package var foreign: ForeignWorkers?

        /// Whether the workers run commands for the pool, and not only the tasks that their program lists.
        package var servesCommands = false

        public init() {}
    }
}
