public import AsyncFlow
public import Logging

/// A backend that runs portable tasks in other processes: on this machine, or wherever a command can start the program.
///
/// ```swift
/// try await WorkflowWorker.serveIfLaunchedAsOne([Tasks.simulate])
/// try await withWorkflowEngine(backends: [LocalBackend(), WorkerPoolBackend(workers: 4)]) { flow in
///     let simulate = flow.portableTask(Tasks.simulate, .on("pool"), .retry(2, on: .workerLost))
///     …
/// }
/// ```
///
/// A worker that crashes, hangs or is killed costs the tasks that it is running: they fail with a ``WorkerLostError``.
/// Tasks that were only sent ahead to it go to other workers; a new worker takes its place.
///
/// A task counts as started, and its time limit begins, when a worker begins its body; until then it is pending.
///
/// Several engines may share a pool: it starts with the first of them and ends with the last, and starts again for the
/// next one.
public final class WorkerPoolBackend: PortableBackend, PortableReceiver {
    public let name: String
    public var reportsStart: Bool { true }
    private let core: PoolCore

    /// Creates a pool, which starts with its first engine.
    ///
    /// - Parameters:
    ///   - name: the name for `.on("pool")`.
    ///   - workers: the number of processes.
    ///   - launcher: the launcher of the workers; by default they are processes of this machine.
    ///   - configuration: the configuration of the pool and its workers.
    public init(
        name: String = "pool", workers: Int = 2, launcher: WorkerLauncher = .local,
        configuration: Configuration = Configuration()
    ) {
        self.name = name
        core = PoolCore(name: name, workers: max(1, workers), launcher: launcher, configuration: configuration)
    }

    /// Starts the workers, and returns when one of them is ready. Each call adds a user of the pool, which must call
    /// ``shutdown()`` afterwards.
    ///
    /// - Throws: ``WorkerPoolError`` if none can be started; `CancellationError` if the calling Swift task is
    ///   cancelled.
    public func start() async throws { try await core.start() }

    /// Starts the workers unless they are running, and returns when one of them is ready: for an owner that calls this
    /// repeatedly, and shuts the pool down once.
    package func startOnce() async throws { try await core.startOnce() }

    /// Returns when one of the workers is ready.
    ///
    /// - Throws: ``WorkerPoolError`` if none will become ready.
    package func ready() async throws { try await core.waitUntilReady() }

    public func execute(_ call: PortableCall) async throws -> PortableResult { try await core.execute(call) }

    package func begin(
        _ call: PortableCall, _ end: @escaping @Sendable (Result<PortableResult, any Error>) -> Void
    ) -> UInt64 {
        core.begin(call, end)
    }

    package func cancel(_ call: UInt64) { core.cancel(call) }

    /// Makes the workers end if this is the last user of the pool; workers that don't end get SIGTERM and SIGKILL.
    public func shutdown() async { await core.shutdown() }

    /// The current workers.
    public var workers: [WorkerStatus] { core.statuses }
}

/// The status of a worker of a pool.
public struct WorkerStatus: Sendable, Hashable {
    public let name: String
    /// Whether the worker has reported that it is ready.
    public let isReady: Bool
    /// The machine on which it runs; nil before it is ready.
    public let host: String?
    /// Its process id there; nil before it is ready.
    public let processID: Int32?
    /// The number of its calls.
    public let callCount: Int
    /// The interpreter of a worker that calls functions of another language, with its version, for example
    /// `CPython 3.12.1`; nil before it is ready, and for a Swift program.
    public let runtime: String?
    /// Facts about the engine behind a bridge, as JSON; empty for other workers.
    package let about: String
}

/// The description of workers that are interpreters of another language, not Swift programs.
package struct ForeignWorkers: Sendable {
    /// The language, as in ``ForeignFunction/language``.
    package var language: String
    /// The words with which the interpreter is started.
    package var arguments: [String]
    /// Makes the bytes that a worker with this name gets before anything else: its own source, for example.
    package var preamble: @Sendable (_ name: String) -> [UInt8]
    /// Whether the worker passes calls on to others. It answers while they run; a worker that calls functions itself
    /// may be kept from that by them.
    package var isBridge = false

    package init(
        language: String, arguments: [String], preamble: @escaping @Sendable (_ name: String) -> [UInt8]
    ) {
        self.language = language
        self.arguments = arguments
        self.preamble = preamble
    }
}

extension WorkerPoolBackend {
    /// The configuration of a pool and its workers.
    public struct Configuration: Sendable {
        /// The program that is started, which calls ``WorkflowWorker/serveIfLaunchedAsOne(_:)``; by default this
        /// program.
        public var program: String?
        /// The number of tasks that run at once in a worker, each on a separate thread; 1 by default, so that a crash
        /// costs only one.
        public var concurrency = 1
        /// The number of cores that a worker may use, for `OMP_NUM_THREADS` and `srun`. Not set by default.
        public var cores: Int?
        /// The GPUs that each worker sees, assigned in turns to the places of the pool: `[["0"], ["1"]]`. They are set
        /// in `CUDA_VISIBLE_DEVICES` and `ROCR_VISIBLE_DEVICES`. Not set by default.
        public var gpus: [[String]] = []
        /// Additional variables for the workers.
        public var environment: [String: String] = [:]
        /// Returns variables for a worker by its place in the pool, from 0; they take precedence over the others.
        public var environmentOfSlot: (@Sendable (_ slot: Int) -> [String: String])?
        /// The directory in which the workers run; by default this process's own, or the one that the launcher chooses.
        public var workingDirectory: String?
        /// The time that a worker may take from its launch until it is ready; 30 seconds by default.
        public var startTimeout: Duration = .seconds(30)
        /// The time without a message after which a worker counts as hung and is killed; 10 seconds by default. The
        /// pool pings a worker several times in that time, and the worker answers while its tasks run, whatever they
        /// do. Time in which this program itself was stopped or suspended doesn't count.
        public var heartbeatTimeout: Duration = .seconds(10)
        /// The time without a message from the pool after which a worker on another machine ends, in case this machine
        /// is gone without having closed the connection; 10 minutes by default. A program that is stopped for longer
        /// loses such workers. Workers of ``WorkerLauncher/local`` end with the program, and don't need it.
        public var orphanTimeout: Duration = .seconds(600)
        /// The number of successive failures to start a worker after which the pool gives up; 3 by default.
        public var startFailureLimit = 3
        /// The pause before a lost worker is replaced, which doubles each time until a task succeeds; 100 ms by
        /// default.
        public var firstBackoff: Duration = .milliseconds(100)
        /// The longest such pause; 30 seconds by default.
        public var longestBackoff: Duration = .seconds(30)
        /// The number of tasks after which a worker is replaced by a new one; unlimited by default.
        public var tasksPerWorker: Int?
        /// The amount of memory in use at which a worker is replaced by a new one, once it has ended its tasks;
        /// unlimited by default.
        public var memoryPerWorker: MemorySize?
        /// The maximum number of tasks that a worker has, running and sent ahead; 256 by default. Only tasks that take
        /// almost no time are sent ahead.
        public var inFlightLimit = 256
        /// The logger for the workers' output, at the level `info`, and for events in their lives.
        public var logger: Logger = .asyncFlow(label: "asyncflow.workers")

        /// The description of workers that call functions of another language; nil for Swift programs.
        package var foreign: ForeignWorkers?

        /// Whether the workers run commands for the pool, besides the tasks that their program lists.
        package var servesCommands = false

        public init() {}
    }
}
