public import AsyncFlow
import AsyncFlowBase
import AsyncFlowPython
public import AsyncFlowWorkers

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A backend that runs tasks on an engine that somebody else runs: ``ExecutorBackend``, ``DaskBackend``.
///
/// It runs functions of Swift by the program itself, functions of Python, and commands. One process, the bridge, uses
/// the engine's own client; the engine's workers drive a worker process each by a pipe, so that nothing of a task runs
/// in the engine's own interpreters. Such a process ends with the task that is cancelled, with the engine's worker,
/// with the bridge, and with this program.
///
/// Calls that take next to no time go to the engine in batches. A task counts as started when the engine's worker
/// begins it.
///
/// Several engines may have the same backend: it starts with the first of them and ends with the last.
public class ClusterBackend: ForeignBackend, PortableReceiver, CommandBackend, @unchecked Sendable {
    // Unchecked because it can be inherited from, in this module only; nothing in it or its heirs changes.
    public let name: String
    package var language: String { "Python" }
    package var callsSwiftFunctions: Bool { true }
    public var reportsStart: Bool { true }
    private let pool: BridgePool
    private let tasks: [any PythonTaskDefinition]
    private let canRunPrograms: Bool

    init(
        name: String, engine: String, adapter: [String: EventValue], checking tasks: [any PythonTaskDefinition],
        configuration: ClusterConfiguration
    ) {
        self.name = name
        self.tasks = tasks
        pool = BridgePool(name: name, engine: engine, adapter: adapter, configuration: configuration)
        canRunPrograms = configuration.program != nil || WorkflowWorker.servesIfLaunchedAsOne
    }

    /// Starts the bridge, and returns when the engine can be used and the tasks that are to be checked have been.
    ///
    /// - Throws: `PythonEnvironmentError` if there is no such interpreter; `WorkerPoolError` if the engine or its
    ///   client can't be had, with the reason; `PythonFunctionError` with everything that is wrong with the tasks;
    ///   `CancellationError`.
    public func start() async throws {
        try await pool.start()
        do { try await PythonTaskCheck(tasks: tasks).run(on: self) } catch {
            await pool.shutdown()
            throw error
        }
    }

    /// Lets the bridge end if this is the last user of the backend, and with it whatever it has started.
    public func shutdown() async { await pool.shutdown() }

    /// The bridge: its machine, its process, the engine behind it.
    public var bridge: WorkerStatus? { pool.statuses.first }

    /// The engine, once the bridge is ready; nil before that.
    public var engine: ClusterEngine? {
        guard let about = bridge?.about, about.utf8.count <= 64 << 10 else { return nil }
        return try? JSONDecoder().decode(ClusterEngine.self, from: Data(about.utf8))
    }

    public func execute(_ call: PortableCall) async throws -> PortableResult {
        if let refusal = refusal(of: call) { throw refusal }
        return try await pool.execute(call)
    }

    package func begin(
        _ call: PortableCall, _ end: @escaping @Sendable (Result<PortableResult, any Error>) -> Void
    ) -> UInt64 {
        if let refusal = refusal(of: call) {
            end(.failure(refusal))
            return .max
        }
        return pool.begin(call, end)
    }

    package func cancel(_ call: UInt64) { pool.cancel(call) }

    /// Runs a command in one of the engine's workers.
    ///
    /// - Throws: `CommandError`; `WorkerLostError` if the worker that ran it is gone; `WorkerPoolError` if the engine
    ///   can't run it; `CancellationError` if it was cancelled.
    public func execute(_ request: CommandRequest) async throws -> CommandResult {
        var variables: [String: String] = [:]
        if let cores = request.resources.cores, cores > 0 { variables["OMP_NUM_THREADS"] = "\(cores)" }
        let call = try PortableCommand.call(for: request, adding: variables)
        return try PortableCommand.result(try await execute(call), of: request)
    }

    private func refusal(of call: PortableCall) -> WorkerPoolError? {
        guard call.foreign == nil, !canRunPrograms else { return nil }
        return WorkerPoolError(
            code: .unsupportedByBackend, poolName: name,
            message:
                "the backend '\(name)' runs Swift functions and commands by this program, so its first line must be "
                + "'try await WorkflowWorker.serveIfLaunchedAsOne([…])', or the configuration's program must name another"
        )
    }
}
