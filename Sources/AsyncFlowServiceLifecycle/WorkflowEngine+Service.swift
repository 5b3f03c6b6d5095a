public import AsyncFlow
public import ServiceLifecycle

/// An engine as a service of a longer-lived program: its group's graceful shutdown, and the signals that trigger it,
/// end the engine.
///
/// ```swift
/// let flow = WorkflowEngine()
/// let group = ServiceGroup(
///     services: [WorkflowEngineService(flow), server], gracefulShutdownSignals: [.sigterm], logger: logger)
/// try await group.run()
/// ```
public struct WorkflowEngineService: Service {
    private let engine: WorkflowEngine
    private let deadline: Duration

    /// - Parameters:
    ///   - engine: the engine; it stays usable until the service is shut down.
    ///   - deadline: the time for which running tasks may continue after a graceful shutdown begins, before they are
    ///     cancelled.
    public init(_ engine: WorkflowEngine, deadline: Duration = .seconds(30)) {
        self.engine = engine
        self.deadline = deadline
    }

    /// Waits for the graceful shutdown of the service group, and then for that of the engine. If the group is cancelled
    /// instead, the engine's running tasks are cancelled too.
    public func run() async throws {
        do {
            try await gracefulShutdown()
        } catch {
            await engine.shutdown(.immediate)
            throw error
        }
        let engine = engine
        let deadline = deadline
        await withTaskCancellationHandler {
            await engine.shutdown(.graceful(deadline: deadline))
        } onCancel: {
            Task.detached { await engine.shutdown(.immediate) }
        }
    }
}
