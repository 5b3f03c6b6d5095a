/// Creates an engine, runs `body` with it, and shuts the engine down in every case.
///
/// In the main file of a program, ``runWorkflow(_:backends:signals:_:)`` does the same and prints errors as messages.
///
/// When `body` returns, every task that it called first runs to its end, with everything that those tasks call. When it
/// throws, or the calling Swift task is cancelled, unfinished tasks are cancelled. Tasks that others call after that
/// end as cancelled.
///
/// - Parameters:
///   - configuration: the configuration of the engine.
///   - backends: the places where tasks run; the first that can run a task is its default.
///   - signals: the effect of SIGINT, SIGTERM and SIGHUP while `body` runs. By default they cancel everything and then
///     end the process by the same signal, see ``SignalHandling``; pass `.ignored` in programs that handle signals
///     themselves.
///   - body: receives the engine, and makes and awaits tasks.
/// - Returns: the value that `body` returns.
/// - Throws: an error that `body` throws; ``EngineError`` if the backends can't work together; the error of a feature
///   of the engine that couldn't do its work.
public nonisolated(nonsending) func withWorkflowEngine<Result>(
    _ configuration: WorkflowEngine.Configuration = .init(), backends: [any Backend] = [LocalBackend()],
    signals: SignalHandling = .shutDown,
    _ body: (WorkflowEngine) async throws -> Result
) async throws -> Result {
    let flow = try WorkflowEngine(configuration, backends: backends)
    let core = flow.core
    let watch = signals.limit.map { limit in
        SignalCenter.shared.add(
            SignalCenter.Handler(limit: limit, unfinished: { core.unfinished }) { await core.shutdown(.immediate) })
    }
    do {
        let result = try await withTaskCancellationHandler {
            let result = try await body(flow)
            await flow.shutdown(.drain)
            return result
        } onCancel: {
            core.abandon()
        }
        if let watch { await SignalCenter.shared.remove(watch) }
        try core.checkParts()
        return result
    } catch {
        await flow.shutdown(.immediate)
        if let watch { await SignalCenter.shared.remove(watch) }
        // A part that ended the run says why better than the tasks that were cancelled by it.
        if let end = core.endByPart { throw end }
        throw error
    }
}
