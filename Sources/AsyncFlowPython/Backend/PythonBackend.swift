public import AsyncFlow
import AsyncFlowBase
public import AsyncFlowWorkers

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A backend that calls Python functions in interpreters that it starts: on this computer, or wherever a launcher can
/// start one.
///
/// ```swift
/// let python = PythonBackend(workers: 4, environment: .virtualEnvironment(".venv"), modules: ["python"])
/// try await withWorkflowEngine(backends: [LocalBackend(), python]) { flow in
///     let fit = flow.pythonTask(Model.fit)
///     …
/// }
/// ```
///
/// Nothing has to be installed for it in the environment: a worker receives its program through the pipe; it needs only
/// the standard library of Python 3.8 or later. Each worker calls one function at a time, in its main thread, and keeps
/// the modules that it has imported. A crash fails only the task that runs in the worker, with a `WorkerLostError`.
public final class PythonBackend: ForeignBackend, PortableReceiver {
    /// The further settings, which most programs leave as they are.
    public struct Configuration: Sendable {
        /// The launcher of interpreters; on this computer by default. On another computer nothing is checked before the
        /// first one starts.
        public var launcher = WorkerLauncher.local
        /// The memory limit for the data of one interpreter. A function that exceeds it fails with a `MemoryError`,
        /// whose error has the code `outOfMemory`. Linux only; no limit by default.
        public var memoryLimit: MemorySize?
        /// The settings of the pool of workers, such as variables, GPUs and cores, life spans and the logger. `program`
        /// and `concurrency` have no effect here.
        public var pool = WorkerPoolBackend.Configuration()

        public init() {}
    }

    public let name: String
    package var language: String { PythonFunction.language }
    public var reportsStart: Bool { true }
    private let workerCount: Int
    private let environment: PythonEnvironment
    private let modules: [String]
    private let tasks: [any PythonTaskDefinition]
    private let configuration: Configuration
    private let pool = Lock<WorkerPoolBackend?>(nil)

    /// - Parameters:
    ///   - name: The name for `.on("python")`.
    ///   - workers: The number of interpreters.
    ///   - environment: The interpreter and its packages: `python3` by default.
    ///   - modules: Folders that are searched for modules first.
    ///   - tasks: The tasks whose functions are checked together as the backend starts; other tasks are checked before
    ///     their first call.
    ///   - configuration: The further settings.
    public init(
        name: String = "python", workers: Int = 2, environment: PythonEnvironment = .executable("python3"),
        modules: [String] = [], checking tasks: [any PythonTaskDefinition] = [],
        configuration: Configuration = Configuration()
    ) {
        self.name = name
        workerCount = workers
        self.environment = environment
        self.modules = modules
        self.tasks = tasks
        self.configuration = configuration
    }

    /// Finds the interpreter and starts workers. Returns when one of them is ready and the given tasks have been
    /// checked.
    ///
    /// - Throws: ``PythonEnvironmentError`` if there is no such interpreter; `WorkerPoolError` if it can't be started,
    ///   or is too old; ``PythonFunctionError`` with all problems of the tasks; `CancellationError` if the calling
    ///   Swift task is cancelled.
    public func start() async throws {
        let pool = try await preparedPool()
        try await pool.start()
        do { try await PythonTaskCheck(tasks: tasks).run(on: pool) } catch {
            await pool.shutdown()
            throw error
        }
    }

    private func preparedPool() async throws -> WorkerPoolBackend {
        if let pool = pool.withLock({ $0 }) { return pool }
        let interpreter = try await environment.interpreter(isLocal: configuration.launcher.isLocal)
        return pool.withLock { pool in
            if let pool { return pool }
            let made = WorkerPoolBackend(
                name: name, workers: workerCount, launcher: configuration.launcher,
                configuration: poolConfiguration(interpreter))
            pool = made
            return made
        }
    }

    private func poolConfiguration(_ interpreter: PythonInterpreter) -> WorkerPoolBackend.Configuration {
        var pool = configuration.pool
        pool.program = interpreter.program
        pool.concurrency = 1
        var variables = interpreter.variables
        if let cores = pool.cores {
            for name in ["MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"] {
                variables[name] = "\(cores)"
            }
        }
        pool.environment.merge(variables) { own, _ in own }
        let isLocal = configuration.launcher.isLocal
        let folder = pool.workingDirectory ?? FileManager.default.currentDirectoryPath
        let settings = WorkerSource.Settings(
            modules: modules.map { $0.hasPrefix("/") || !isLocal ? $0 : "\(folder)/\($0)" },
            memoryLimit: configuration.memoryLimit?.bytes)
        pool.foreign = ForeignWorkers(
            language: language, arguments: interpreter.words(WorkerSource.arguments),
            preamble: { WorkerSource.preamble(settings.named($0)) })
        return pool
    }

    public func execute(_ call: PortableCall) async throws -> PortableResult { try await started.execute(call) }

    package func begin(
        _ call: PortableCall, _ end: @escaping @Sendable (Result<PortableResult, any Error>) -> Void
    ) -> UInt64 {
        started.begin(call, end)
    }

    package func cancel(_ call: UInt64) { started.cancel(call) }

    /// Ends the interpreters if this is the last user of the backend.
    public func shutdown() async { await pool.withLock { $0 }?.shutdown() }

    /// The current interpreters.
    public var workers: [WorkerStatus] { pool.withLock { $0 }?.workers ?? [] }

    /// The pool. The engine calls nothing before the backend has been started.
    private var started: WorkerPoolBackend {
        guard let pool = pool.withLock({ $0 }) else {
            preconditionFailure("the backend '\(name)' was asked to run a task before it was started")
        }
        return pool
    }
}
