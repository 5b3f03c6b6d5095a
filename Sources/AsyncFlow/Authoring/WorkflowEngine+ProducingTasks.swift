extension WorkflowEngine {
    /// Defines a task that runs a command which makes files; its value is those files.
    ///
    /// ```swift
    /// let sort = flow.executableTask("sort", producing: OutputFile("sorted.bam")) { (bam: InputFile) in
    ///     "samtools sort -o sorted.bam \(bam)"
    /// }
    /// ```
    ///
    /// The command runs in the task's own working directory, `<workDirectory>/<engine id>/<task id>`, into which the
    /// files among its arguments are brought. A command that sets its `workingDirectory` runs there instead: a relative
    /// path is within the task's directory and is created; an absolute one is not, so that such a command has to refer
    /// to its files by their ``InputFile/path`` and ``TaskContext/path(of:)``. Declared files are always looked for in
    /// the task's directory.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: for example `.on("cluster")`.
    ///   - output: the files that the command makes. With one ``OutputFile`` the value is one ``InputFile``, with an
    ///     array an array.
    ///   - more: further files that the command makes; the value is then a tuple.
    ///   - command: makes the command from the resolved arguments. An ``InputFile`` in a literal stands for its name in
    ///     the working directory. Called in a dry run too.
    public func executableTask<D: OutputDeclaration, each More: OutputDeclaration, each Input: Sendable>(
        _ name: String, _ options: TaskOption<ExecutableKind>..., producing output: D,
        _ more: repeat each More,
        command: @escaping @Sendable (repeat each Input) async throws -> Command
    ) -> WorkflowTask<ExecutableKind, (D.Files, repeat (each More).Files), repeat each Input> {
        let outputs = OutputDeclarations.outputs(output, repeat each more)
        return WorkflowTask(
            makeDefinition(name, options, hasFiles: true, outputs: outputs),
            .asynchronous { (input: repeat each Input) in
                let made = try await TaskContext.running().executeWithFiles(
                    repeat each input, outputs: outputs, command: command)
                return try OutputDeclarations.files(made.files, output, repeat each more)
            })
    }

    /// Defines a task that runs a command which makes files whose names depend on the arguments; its value is those
    /// files.
    ///
    /// ```swift
    /// let align = flow.executableTask(
    ///     "align", producing: { (sample: String, _: InputFile) in OutputFile("\(sample).sam") }
    /// ) { (sample: String, reads: InputFile) in "bwa mem -o \(sample).sam reference.fa \(reads)" }
    /// ```
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: for example `.on("cluster")`.
    ///   - output: returns the files that the command makes. Called before the command is made, in a dry run too.
    ///   - command: makes the command from the resolved arguments. An ``InputFile`` in a literal stands for its name in
    ///     the working directory. Called in a dry run too.
    public func executableTask<D: OutputDeclaration, each Input: Sendable>(
        _ name: String, _ options: TaskOption<ExecutableKind>...,
        producing output: @escaping @Sendable (repeat each Input) throws -> D,
        command: @escaping @Sendable (repeat each Input) async throws -> Command
    ) -> WorkflowTask<ExecutableKind, D.Files, repeat each Input> {
        WorkflowTask(
            makeDefinition(name, options, hasFiles: true),
            .asynchronous { (input: repeat each Input) in
                let declaration = try output(repeat each input)
                let made = try await TaskContext.running().executeWithFiles(
                    repeat each input, outputs: declaration.outputs, command: command)
                return try declaration.files(made.files)
            })
    }

    /// Defines a task that runs a Swift closure which makes files; its value is those files.
    ///
    /// ```swift
    /// let summary = OutputFile("summary.txt")
    /// let summarise = flow.functionTask("summarise", producing: summary) { (table: InputFile) in
    ///     let path = TaskContext.current!.path(of: summary)!
    ///     …
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: for example `.staging(.copy)`.
    ///   - output: the files that the closure makes in ``TaskContext/workingDirectory``. With one ``OutputFile`` the
    ///     value is one ``InputFile``, with an array an array.
    ///   - more: further files that the closure makes; the value is then a tuple.
    ///   - body: receives the resolved arguments; the ``InputFile/path`` of a file is where it was brought. Not called
    ///     in a dry run.
    public func functionTask<D: OutputDeclaration, each More: OutputDeclaration, each Input: Sendable>(
        _ name: String, _ options: TaskOption<FunctionKind>..., producing output: D,
        _ more: repeat each More,
        body: @escaping @Sendable (repeat each Input) async throws -> Void
    ) -> FunctionTask<(D.Files, repeat (each More).Files), repeat each Input> {
        let outputs = OutputDeclarations.outputs(output, repeat each more)
        return WorkflowTask(
            makeDefinition(name, options, hasFiles: true, outputs: outputs),
            .asynchronous { (input: repeat each Input) in
                let made = try await TaskContext.running().callWithFiles(
                    repeat each input, outputs: outputs, dryRunValue: (), body: body)
                return try OutputDeclarations.files(made.files, output, repeat each more)
            })
    }

    /// Defines a task that runs a Swift closure which makes files whose names depend on the arguments.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: for example `.staging(.copy)`.
    ///   - output: returns the files that the closure makes in ``TaskContext/workingDirectory``.
    ///   - body: receives the resolved arguments; the ``InputFile/path`` of a file is where it was brought. Not called
    ///     in a dry run.
    public func functionTask<D: OutputDeclaration, each Input: Sendable>(
        _ name: String, _ options: TaskOption<FunctionKind>...,
        producing output: @escaping @Sendable (repeat each Input) throws -> D,
        body: @escaping @Sendable (repeat each Input) async throws -> Void
    ) -> FunctionTask<D.Files, repeat each Input> {
        WorkflowTask(
            makeDefinition(name, options, hasFiles: true),
            .asynchronous { (input: repeat each Input) in
                let declaration = try output(repeat each input)
                let made = try await TaskContext.running().callWithFiles(
                    repeat each input, outputs: declaration.outputs, dryRunValue: (), body: body)
                return try declaration.files(made.files)
            })
    }

    /// Defines a function task that makes files and whose outcomes are recorded in the engine's memory, if it has one.
    ///
    /// - Parameter wrapper: makes the body that looks up the outcome first.
    package func recordedFunctionTask<D: OutputDeclaration, each Input: Sendable>(
        _ name: String, _ options: [TaskOption<FunctionKind>], producing output: D,
        body: @escaping @Sendable (repeat each Input) async throws -> Void,
        wrapper:
            @escaping @Sendable (TaskBody<D.Files, repeat each Input>, RecordingOptions)
            -> TaskBody<D.Files, repeat each Input>
    ) -> FunctionTask<D.Files, repeat each Input> {
        var run = TaskBody<D.Files, repeat each Input>.asynchronous { (input: repeat each Input) in
            let made = try await TaskContext.running().callWithFiles(
                repeat each input, outputs: output.outputs, dryRunValue: (), body: body)
            return try output.files(made.files)
        }
        if memory != nil { run.wrapper = wrapper }
        return WorkflowTask(
            makeDefinition(
                name, options + [TaskOption { $0.recalls = true }], hasFiles: true, outputs: output.outputs), run)
    }
}

extension TaskContext {
    /// The task whose body runs here.
    ///
    /// - Throws: ``EngineError`` if a function backend runs bodies where Swift's task locals don't reach.
    static func running() throws(EngineError) -> TaskNode {
        guard let current else {
            throw EngineError(
                .backendUnavailable,
                "the backend runs bodies outside the Swift task in which it was called, where the engine can't tell "
                    + "which task the files belong to; run tasks that have files on the local backend")
        }
        return current.node
    }
}

extension TaskBody {
    /// The same body, with the files among its arguments staged in the task's own working directory.
    var withFiles: TaskBody {
        .asynchronous { (input: repeat each Input) in try await callWithFiles(repeat each input) }
    }

    private func callWithFiles(_ input: repeat each Input) async throws -> Output {
        let task = try TaskContext.running()
        if let synchronous {
            return try await task.callWithFiles(repeat each input, outputs: [], dryRunValue: nil, body: synchronous)
                .value
        }
        return try await task.callWithFiles(repeat each input, outputs: [], dryRunValue: nil, body: asynchronous!).value
    }
}
