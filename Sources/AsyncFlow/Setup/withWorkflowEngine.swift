/// Makes an engine, runs `body` with it, and shuts it down, whatever happens.
///
/// In the main file of a program, ``runWorkflow(_:backends:signals:_:)`` does the same and tells an error in words.
///
/// When `body` returns, everything that it called runs to its end first, with all that this calls; when it throws, or
/// the calling Swift task is cancelled, what is left is cancelled. What others call after that ends as cancelled.
///
/// - Parameters:
///   - configuration: how the engine is set up.
///   - backends: where tasks run; the first that can run a task is its default.
///   - signals: what SIGINT, SIGTERM and SIGHUP do while `body` runs. By default they cancel everything and then end
///     the process by the same signal, see ``SignalHandling``; pass `.ignored` in programs that handle signals
///     themselves.
///   - body: gets the engine, and makes and awaits tasks.
/// - Throws: what `body` throws, or ``EngineError`` if the backends can't work together; what a feature of the engine
///   that couldn't do its work has to say.
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
        throw error
    }
}
