extension WorkflowEngine {
    /// Defines a task that runs a Swift closure without `await`.
    ///
    /// The body runs on one of the engine's threads, without a Swift task; it should not block. It can check for
    /// cancellation with ``TaskContext``.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: for example `.on("cluster")`.
    ///   - dryRunValue: stands in for the output in a dry run; needed only where the type has no ``DryRunValue``.
    ///   - body: receives the resolved arguments. An error that it throws ends the task with a ``TaskFailedError``.
    public func functionTask<each Input: Sendable, Output: Sendable>(
        _ name: String, _ options: TaskOption<FunctionKind>..., dryRunValue: Output? = nil,
        body: @escaping @Sendable (repeat each Input) throws -> Output
    ) -> FunctionTask<Output, repeat each Input> {
        makeFunctionTask(name, options, dryRunValue, .synchronous(body))
    }

    /// Defines a task that runs an async Swift closure.
    ///
    /// The body starts on one of the engine's threads and occupies none while it is suspended. When the task is
    /// cancelled, so is the body's Swift task.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: for example `.on("cluster")`.
    ///   - dryRunValue: stands in for the output in a dry run; needed only where the type has no ``DryRunValue``.
    ///   - body: receives the resolved arguments. An error that it throws ends the task with a ``TaskFailedError``.
    @_disfavoredOverload
    public func functionTask<each Input: Sendable, Output: Sendable>(
        _ name: String, _ options: TaskOption<FunctionKind>..., dryRunValue: Output? = nil,
        body: @escaping @Sendable (repeat each Input) async throws -> Output
    ) -> FunctionTask<Output, repeat each Input> {
        makeFunctionTask(name, options, dryRunValue, .asynchronous(body))
    }

    private func makeFunctionTask<each Input: Sendable, Output: Sendable>(
        _ name: String, _ options: [TaskOption<FunctionKind>], _ dryRunValue: Output?,
        _ body: TaskBody<Output, repeat each Input>
    ) -> FunctionTask<Output, repeat each Input> {
        if isDryRun {
            return makeDryRunTask(name, options, value: dryRunValue ?? AsyncFlow.dryRunValue(for: Output.self))
        }
        let hasFiles = FilesWithin.types(repeat (each Input).self)
        var own = hasFiles ? body.withFiles : body
        own.wrapper = body.wrapper
        return WorkflowTask(makeDefinition(name, options, hasFiles: hasFiles), own)
    }

    /// Defines a function task whose outcomes are recorded in the engine's memory, if it has one.
    ///
    /// - Parameter wrapper: makes the body that looks up the outcome first.
    package func recordedFunctionTask<each Input: Sendable, Output: Sendable>(
        _ name: String, _ options: [TaskOption<FunctionKind>], dryRunValue: Output?,
        body: TaskBody<Output, repeat each Input>,
        wrapper:
            @escaping @Sendable (TaskBody<Output, repeat each Input>, RecordingOptions)
            -> TaskBody<Output, repeat each Input>
    ) -> FunctionTask<Output, repeat each Input> {
        var body = body
        if core.memory != nil { body.wrapper = wrapper }
        return makeFunctionTask(name, options + [TaskOption { $0.recalls = true }], dryRunValue, body)
    }

    func makeDefinition<Kind>(
        _ name: String, _ options: [TaskOption<Kind>], refusal: RefusalReason? = nil, hasFiles: Bool = false,
        outputs: [OutputFile] = []
    ) -> TaskDefinition {
        var merged = TaskOptions()
        if hasFiles { merged.files = FileOptions(wantsDirectory: true, outputs: outputs) }
        for option in options { option.apply(&merged) }
        return TaskDefinition(engine: core, name: name, kind: Kind.kind, options: merged, ownRefusal: refusal)
    }
}
