public import AsyncFlow

extension WorkflowEngine {
    /// Defines a task that calls a Python function on a ``PythonBackend``.
    ///
    /// ```swift
    /// let fit = flow.pythonTask(Model.fit, .timeout(.seconds(600)))
    /// let loss = fit(batch, 20)
    /// ```
    ///
    /// If a task is cancelled or its time is over, the Python code is interrupted with a `KeyboardInterrupt`. Code that
    /// doesn't end within the grace period is killed with its process, which affects no other task.
    ///
    /// - Parameters:
    ///   - task: The function.
    ///   - options: The options of portable tasks, for example `.retry(2)`. Without `.on(…)` the task runs on the
    ///     engine's first backend for Python.
    ///   - dryRunValue: The placeholder for the output in a dry run; needed only if the type isn't a `DryRunValue`.
    public func pythonTask<each Input: Codable & Sendable, Output: Codable & Sendable>(
        _ task: PythonTask<Output, repeat each Input>, _ options: TaskOption<PortableKind>...,
        dryRunValue: Output? = nil
    ) -> PortableFunctionTask<Output, repeat each Input> {
        portableTask(task.portable, options, dryRunValue: dryRunValue)
    }
}

extension FailureClass {
    /// Returns the class of failures in which a Python function raised an exception of a class or of one derived from
    /// it.
    ///
    /// - Parameter typeName: The class with its module, as in `"torch.cuda.OutOfMemoryError"`; without one for Python's
    ///   built-in classes, as in `"KeyError"`.
    public static func python(_ typeName: String) -> FailureClass {
        FailureClass("python(\(typeName))") { ($0 as? PythonError)?.isOf(typeName) ?? false }
    }
}
