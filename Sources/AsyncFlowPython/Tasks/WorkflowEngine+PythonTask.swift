public import AsyncFlow

extension WorkflowEngine {
    /// Defines a task that calls a Python function on a ``PythonBackend``.
    ///
    /// ```swift
    /// let fit = flow.pythonTask(Model.fit, .timeout(.seconds(600)))
    /// let loss = fit(batch, 20)
    /// ```
    ///
    /// A task that is cancelled, or whose time is over, interrupts the Python code with a `KeyboardInterrupt`; code
    /// that doesn't end within the grace period is killed with its process, which costs no other task.
    ///
    /// - Parameters:
    ///   - task: The function.
    ///   - options: Those of portable tasks, for example `.retry(2)`. Without `.on(…)` the task runs on the engine's
    ///     first backend for Python.
    ///   - dryRunValue: Stands for the output in a dry run; needed only where the type has no `DryRunValue`.
    public func pythonTask<each Input: Codable & Sendable, Output: Codable & Sendable>(
        _ task: PythonTask<Output, repeat each Input>, _ options: TaskOption<PortableKind>...,
        dryRunValue: Output? = nil
    ) -> PortableFunctionTask<Output, repeat each Input> {
        portableTask(task.portable, options, dryRunValue: dryRunValue)
    }
}

extension FailureClass {
    /// A Python function raised an exception of this class, or of one derived from it.
    ///
    /// - Parameter typeName: The class with its module, as in `"torch.cuda.OutOfMemoryError"`; without one for Python's
    ///   own, as in `"KeyError"`.
    public static func python(_ typeName: String) -> FailureClass {
        FailureClass("python(\(typeName))") { ($0 as? PythonError)?.isOf(typeName) ?? false }
    }
}
