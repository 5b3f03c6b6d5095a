public import AsyncFlow
public import AsyncFlowPython

/// Runs tasks on any executor of Python's: those of `concurrent.futures`, Parsl's, mpi4py's, executorlib's, Globus
/// Compute's.
///
/// ```swift
/// let backend = ExecutorBackend("site_config:make_executor", arguments: ["nodes": 4])
/// ```
/// ```python
/// # site_config.py
/// def make_executor(nodes):
///     return parsl.concurrent.ParslPoolExecutor(config(nodes))
/// ```
///
/// The factory is a function, or the class itself as in `"concurrent.futures:ProcessPoolExecutor"`; it returns an
/// object with `submit` as `concurrent.futures.Executor` has it. Nothing of this library has to be installed for it.
///
/// An executor can't be asked for cores, memory or GPUs: tasks that ask are refused, unless
/// ``ClusterConfiguration/ignoresResources`` is set. On executors whose workers run on the bridge's machine tasks
/// report their start and their progress, and are stopped when they are cancelled. On others a cancelled task that runs
/// goes on there while its result is dropped, which the log says.
public final class ExecutorBackend: ClusterBackend, @unchecked Sendable {
    /// - Parameters:
    ///   - factory: The module and the function that makes the executor, as in `"site_config:make_executor"`.
    ///   - arguments: The function's keyword arguments.
    ///   - name: The name for `.on("executor")`.
    ///   - environment: The Python of the executor: `python3` by default.
    ///   - tasks: The Python tasks whose functions are checked as the backend starts; others are before their first
    ///     call.
    ///   - configuration: Everything else; its `python` doesn't matter here.
    public init(
        _ factory: String, arguments: [String: EventValue] = [:], name: String = "executor",
        environment: PythonEnvironment = .executable("python3"), checking tasks: [any PythonTaskDefinition] = [],
        configuration: ClusterConfiguration = ClusterConfiguration()
    ) {
        var configuration = configuration
        configuration.python = environment
        super.init(
            name: name, engine: "executor", adapter: ["factory": .string(factory), "arguments": .object(arguments)],
            checking: tasks, configuration: configuration)
    }
}
