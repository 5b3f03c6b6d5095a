import AsyncFlow
import AsyncFlowBase
import AsyncFlowWorkers

/// A node of a pilot, with one worker that runs commands and others for portable tasks, which may crash.
final class PilotNode: Sendable {
    let name: String
    private let owner: String
    private let commands: WorkerPoolBackend
    private let makeFunctions: @Sendable () -> WorkerPoolBackend
    private struct State {
        var functions: WorkerPoolBackend?
        var isClosed = false
        var gpus = NodeGPUs(count: 0, answer: "")
    }
    private let state = Lock(State())
    /// Finds the GPUs of the allocation on the node; nil if none were requested.
    private let findGPUs: (@Sendable () async throws -> NodeGPUs)?

    init(
        name: String, jobID: String, backend: String, cores: Int, programs: SlurmPrograms,
        _ settings: SlurmPilotBackend.Settings
    ) {
        self.name = name
        owner = backend
        let srun = [
            "--jobid=\(jobID)", "--overlap", "--nodelist=\(name)", "--cpus-per-task=\(cores)", "--quit-on-interrupt",
        ]
        let step = ["--nodes=1", "--ntasks=1", "--unbuffered", "--export=ALL"] + srun
        let count = settings.gpusPerNode
        let find: @Sendable () async throws -> NodeGPUs = {
            let answer = try await programs.call("srun", step + ["--", "/bin/sh", "-c", NodeGPUs.question])
            return NodeGPUs(count: count, answer: answer)
        }
        findGPUs = count > 0 ? find : nil
        let launcher = WorkerLauncher { worker in
            let directory = worker.workingDirectory.map { ["--chdir=\($0)"] } ?? []
            var command = programs.command("srun", step + directory + ["--", worker.program] + worker.arguments)
            command.environment.merge(worker.environment) { _, own in own }
            return command
        }
        var configuration = WorkerPoolBackend.Configuration()
        configuration.program = settings.program
        configuration.environment = settings.workerEnvironment
        configuration.startTimeout = settings.startTimeout
        configuration.heartbeatTimeout = settings.heartbeatTimeout
        configuration.logger = settings.logger
        let ofFunctions = configuration
        makeFunctions = {
            var configuration = ofFunctions
            let workers = max(1, min(cores, settings.workersPerNode ?? 8))
            configuration.concurrency = (cores + workers - 1) / workers
            return WorkerPoolBackend(
                name: "\(backend)-\(name)", workers: workers, launcher: launcher, configuration: configuration)
        }
        configuration.servesCommands = true
        configuration.concurrency = cores + 1  // one is for its presence
        commands = WorkerPoolBackend(
            name: "\(backend)-\(name)-commands", workers: 1, launcher: launcher, configuration: configuration)
    }

    /// Starts the workers; returns when the node can run commands.
    func start() async throws {
        try await commands.start()
        if let found = try await findGPUs?() { state.withLock { $0.gpus = found } }
    }

    /// Returns the variables that tell a program on the node which GPUs it was granted.
    func environment(for gpus: [GPUPool.Share]) -> [String: String] {
        state.withLock { $0.gpus }.environment(for: gpus)
    }

    /// Waits until the node can run commands again.
    func ready() async throws { try await commands.ready() }

    /// Returns whether the node is useless without a pool of workers.
    func needs(_ pool: String) -> Bool { pool == commands.name }

    /// Waits until the node can no longer run commands.
    func lost() async { _ = try? await commands.execute(PortableCommand.presenceCall(of: owner)) }

    func run(_ request: CommandRequest, adding variables: [String: String]) async throws -> CommandResult {
        let call = try PortableCommand.call(for: request, adding: variables)
        return try PortableCommand.result(try await commands.execute(call), of: request)
    }

    func run(_ call: PortableCall) async throws -> PortableResult {
        let pool = state.withLock { state -> WorkerPoolBackend? in
            if state.functions == nil, !state.isClosed { state.functions = makeFunctions() }
            return state.functions
        }
        guard let pool else { throw SlurmJobError(.nodeFailure, detail: "on \(name)") }
        do { try await pool.startOnce() } catch {
            // The pool can't start again, so the next call gets a new one. A cancelled call doesn't tell that.
            if !(error is CancellationError) { state.withLock { if $0.functions === pool { $0.functions = nil } } }
            throw error
        }
        return try await pool.execute(call)
    }

    /// Ends all workers of the node.
    func shutdown() async {
        let functions = state.withLock { state in
            state.isClosed = true
            return state.functions
        }
        async let ended: Void? = functions?.shutdown()
        await commands.shutdown()
        _ = await ended
    }
}
