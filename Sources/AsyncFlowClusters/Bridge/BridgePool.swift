import AsyncFlow
import AsyncFlowBase
import AsyncFlowPython
import AsyncFlowWorkers

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The bridge as the one worker of a pool: the pool starts it, gives it calls, notices its end, and starts it again.
final class BridgePool: Sendable {
    /// The time after its process's grace period at which a cancelled call is overdue. The bridge is ended then.
    private static let extraGrace: Duration = .seconds(20)

    let name: String
    private let engine: String
    private let adapter: [String: EventValue]
    private let configuration: ClusterConfiguration
    private let pool = Lock<WorkerPoolBackend?>(nil)
    private let functions = BridgeFunctions()

    init(
        name: String, engine: String, adapter: [String: EventValue], configuration: ClusterConfiguration
    ) {
        self.name = name
        self.engine = engine
        self.adapter = adapter
        self.configuration = configuration
    }

    func start() async throws { try await preparedPool().start() }

    func shutdown() async { await pool.withLock { $0 }?.shutdown() }

    var statuses: [WorkerStatus] { pool.withLock { $0 }?.workers ?? [] }

    func begin(
        _ call: PortableCall, _ end: @escaping @Sendable (Result<PortableResult, any Error>) -> Void
    ) -> UInt64 {
        started.begin(bridged(call), end)
    }

    func execute(_ call: PortableCall) async throws -> PortableResult { try await started.execute(bridged(call)) }

    func cancel(_ call: UInt64) { started.cancel(call) }

    private func bridged(_ call: PortableCall) -> PortableCall {
        call.calling(functions.function(for: call), gracePeriod: call.gracePeriod + Self.extraGrace)
    }

    /// The pool; the engine calls nothing before it has been started.
    private var started: WorkerPoolBackend {
        guard let pool = pool.withLock({ $0 }) else {
            preconditionFailure("the backend '\(name)' was asked to run a task before it was started")
        }
        return pool
    }

    private func preparedPool() async throws -> WorkerPoolBackend {
        if let pool = pool.withLock({ $0 }) { return pool }
        let interpreter = try await configuration.python.interpreter(isLocal: configuration.bridge.isLocal)
        let settings = BridgeSource.Settings(
            engine: engine, processes: try processes(), modules: modules, slots: configuration.slots,
            ignoresResources: configuration.ignoresResources, adapter: adapter)
        return pool.withLock { pool in
            if let pool { return pool }
            let made = WorkerPoolBackend(
                name: name, workers: 1, launcher: configuration.bridge,
                configuration: poolConfiguration(interpreter, settings))
            pool = made
            return made
        }
    }

    private func poolConfiguration(
        _ interpreter: PythonInterpreter, _ settings: BridgeSource.Settings
    ) -> WorkerPoolBackend.Configuration {
        var pool = WorkerPoolBackend.Configuration()
        pool.program = interpreter.program
        pool.environment = interpreter.variables
        pool.concurrency = max(1, configuration.window)
        pool.inFlightLimit = pool.concurrency
        pool.startTimeout = configuration.startTimeout
        pool.startFailureLimit = configuration.startFailureLimit
        // A client may keep its interpreter's lock for a while, as when it reads a very large value.
        pool.heartbeatTimeout = .seconds(60)
        pool.logger = configuration.logger
        var bridge = ForeignWorkers(
            language: BridgeFunction.language, arguments: interpreter.words(BridgeSource.arguments),
            preamble: { _ in BridgeSource.preamble(settings) })
        bridge.isBridge = true
        pool.foreign = bridge
        return pool
    }

    private var modules: [String] {
        let folder = FileManager.default.currentDirectoryPath
        return configuration.modules.map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
    }

    /// The processes that relays start.
    private func processes() throws(PythonEnvironmentError) -> [String: BridgeSource.Process] {
        var python = BridgeSource.Process(
            process: "python", language: "python", name: "\(name)-python", words: [],
            arguments: WorkerSource.arguments, environment: configuration.environment,
            settings: BridgeSource.Process.Settings(modules: modules))
        if let environment = configuration.workerPython {
            let interpreter = try environment.remoteInterpreter()
            python.words = [interpreter.program]
            python.arguments = interpreter.words(WorkerSource.arguments)
            python.environment.merge(interpreter.variables) { own, _ in own }
        }
        guard let words = WorkflowWorker.words(starting: configuration.program, name: "\(name)-swift") else {
            return ["python": python]
        }
        var program = BridgeSource.Process(
            process: "swift", language: "swift", name: "\(name)-swift", words: [words[0]],
            arguments: Array(words.dropFirst()), environment: configuration.environment)
        // Printing a backtrace takes seconds, and is longer than what an error keeps.
        if program.environment["SWIFT_BACKTRACE"] == nil { program.environment["SWIFT_BACKTRACE"] = "enable=no" }
        return ["python": python, "swift": program, "command": program]
    }
}
