/// Makes an engine, runs `body` with it, shuts it down, and ends the program with code 1 if something of that fails:
/// for the main file of a program.
///
/// ```swift
/// await runWorkflow { flow in
///     let number = flow.executableTask("number") { "/bin/echo 5" }
///     print(try await number().value)
/// }
/// ```
///
/// The same as ``withWorkflowEngine(_:backends:signals:_:)``, but an error is told in words on standard error, where
/// one that leaves the main file ends the program by a trap with a stack trace. Standard output is flushed before, and
/// the engine has been shut down. `defer` blocks around the call aren't run then.
///
/// - Parameters:
///   - configuration: how the engine is set up.
///   - backends: where tasks run; the first that can run a task is its default. What making them throws is told as
///     well.
///   - signals: what SIGINT, SIGTERM and SIGHUP do while `body` runs; see ``SignalHandling``.
///   - body: gets the engine, and makes and awaits tasks.
/// - Returns: what `body` returns.
public nonisolated(nonsending) func runWorkflow<Result>(
    _ configuration: @autoclosure () throws -> WorkflowEngine.Configuration = .init(),
    backends: @autoclosure () throws -> [any Backend] = [LocalBackend()],
    signals: SignalHandling = .shutDown,
    _ body: (WorkflowEngine) async throws -> Result
) async -> Result {
    do {
        return try await withWorkflowEngine(configuration(), backends: backends(), signals: signals, body)
    } catch {
        ProcessEnd.end(because: error)
    }
}

/// Runs a program's main code, and ends the program with code 1 if that throws: for programs that have more to set up
/// than an engine.
///
/// ```swift
/// await runProgram {
///     let limit = try readLimit()
///     try await withWorkflowEngine { flow in print(flow.id, limit) }
/// }
/// ```
///
/// The error is told in words on standard error. Standard output is flushed before.
///
/// - Parameter body: the program.
/// - Returns: what `body` returns.
public nonisolated(nonsending) func runProgram<Result>(_ body: () async throws -> Result) async -> Result {
    do {
        return try await body()
    } catch {
        ProcessEnd.end(because: error)
    }
}
