/// Creates an engine, runs `body` with it, shuts the engine down, and ends the program with code 1 if any of this
/// fails: for the main file of a program.
///
/// ```swift
/// await runWorkflow { flow in
///     let number = flow.executableTask("number") { "/bin/echo 5" }
///     print(try await number().value)
/// }
/// ```
///
/// The same as ``withWorkflowEngine(_:backends:signals:_:)``, except that an error is printed on standard error,
/// whereas an error that leaves the main file ends the program with a trap and a stack trace. By then the engine has
/// been shut down and standard output is flushed. `defer` blocks around the call aren't run.
///
/// - Parameters:
///   - configuration: the configuration of the engine.
///   - backends: the places where tasks run; the first that can run a task is its default. Errors from making them are
///     printed as well.
///   - signals: the effect of SIGINT, SIGTERM and SIGHUP while `body` runs; see ``SignalHandling``.
///   - body: receives the engine, and makes and awaits tasks.
/// - Returns: the value that `body` returns.
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

/// Runs a program's main code, and ends the program with code 1 if that throws: for programs that set up more than an
/// engine.
///
/// ```swift
/// await runProgram {
///     let limit = try readLimit()
///     try await withWorkflowEngine { flow in print(flow.id, limit) }
/// }
/// ```
///
/// The error is printed on standard error. Standard output is flushed before.
///
/// - Parameter body: the program.
/// - Returns: the value that `body` returns.
public nonisolated(nonsending) func runProgram<Result>(_ body: () async throws -> Result) async -> Result {
    do {
        return try await body()
    } catch {
        ProcessEnd.end(because: error)
    }
}
