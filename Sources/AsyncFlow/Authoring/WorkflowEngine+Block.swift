extension WorkflowEngine {
    /// Defines a block: a composite workflow whose body calls tasks and other blocks, to any depth.
    ///
    /// Loops, branches and recursion are ordinary code. The tasks that the body calls belong to the block: they carry
    /// the block's id and are cancelled with it, and the block ends when its body and all its members have ended. When
    /// the body throws, members that haven't ended are cancelled.
    ///
    /// ```swift
    /// let refine = flow.block("refine") { (start: Model, tolerance: Double) in
    ///     var model = try await train(start).value
    ///     while try await score(model).value > tolerance { model = try await train(model).value }
    ///     return model
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: for example `.workflow("experiment-42")`.
    ///   - body: receives the resolved arguments. Runs in a dry run too, because it builds the graph.
    public func block<each Input: Sendable, Output: Sendable>(
        _ name: String, _ options: TaskOption<BlockKind>...,
        body: @escaping @Sendable (repeat each Input) async throws -> Output
    ) -> Block<Output, repeat each Input> {
        WorkflowTask(
            makeDefinition(name, options),
            .asynchronous { (input: repeat each Input) in try await BlockRun.run(body, repeat each input) })
    }

    /// Defines a block whose outcomes are recorded in the engine's memory, if it has one.
    ///
    /// - Parameter wrapper: makes the body that looks up the outcome first.
    package func recordedBlock<each Input: Sendable, Output: Sendable>(
        _ name: String, _ options: [TaskOption<BlockKind>],
        body: @escaping @Sendable (repeat each Input) async throws -> Output,
        wrapper:
            @escaping @Sendable (TaskBody<Output, repeat each Input>, RecordingOptions)
            -> TaskBody<Output, repeat each Input>
    ) -> Block<Output, repeat each Input> {
        var run = TaskBody.asynchronous { (input: repeat each Input) in
            try await BlockRun.run(body, repeat each input)
        }
        if core.memory != nil { run.wrapper = wrapper }
        return WorkflowTask(makeDefinition(name, options + [TaskOption { $0.recalls = true }]), run)
    }
}

extension BlockRun {
    /// Runs the body of the current block task, with everything that it calls as members.
    fileprivate static func run<each Input: Sendable, Output: Sendable>(
        _ body: @Sendable (repeat each Input) async throws -> Output, _ input: repeat each Input
    ) async throws -> Output {
        guard let task = ExecutionContext.current?.task else { preconditionFailure("a block runs as a task") }
        let run = BlockRun(of: task)
        let membership = Membership(engine: task.engine, workflowID: task.membership?.workflowID, block: run)
        return try await withTaskCancellationHandler {
            do {
                let output = try await ExecutionContext.$bound.withValue(.task(task, inside: membership)) {
                    try await body(repeat each input)
                }
                await run.waitForMembers()
                await run.endResidents()
                return output
            } catch {
                run.cancel()
                await run.waitForMembers()
                await run.endResidents()
                throw error
            }
        } onCancel: {
            run.cancel()
        }
    }
}
