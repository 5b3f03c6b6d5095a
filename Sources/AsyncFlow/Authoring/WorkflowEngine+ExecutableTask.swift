extension WorkflowEngine {
    /// Defines a task that runs a command; its value is the standard output, as text.
    ///
    /// ```swift
    /// let count = flow.executableTask("count") { (word: String, files: [String]) in "grep -c \(word) \(files)" }
    /// ```
    ///
    /// The literal is split into words without a shell. An interpolated value stays one argument whatever it contains;
    /// an array becomes several. Output that isn't UTF-8 is repaired. When the task is cancelled, the command's whole
    /// process group gets SIGTERM and, after the grace period, SIGKILL.
    ///
    /// A command that isn't found, that exits with a code other than 0 or that is ended by a signal ends the task with
    /// a ``TaskFailedError`` whose cause is a ``CommandError``.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: for example `.captureStdio`, `.on("cluster")`.
    ///   - dryRunValue: stands in for the output in a dry run; the empty string by default.
    ///   - command: makes the command from the resolved arguments. Called in a dry run too, so that the report can show
    ///     the command line; it should do nothing else.
    public func executableTask<each Input: Sendable>(
        _ name: String, _ options: TaskOption<ExecutableKind>..., dryRunValue: String? = nil,
        command: @escaping @Sendable (repeat each Input) async throws -> Command
    ) -> ExecutableTask<repeat each Input> {
        let definition = makeDefinition(name, options, hasFiles: FilesWithin.types(repeat (each Input).self))
        let isDryRun = isDryRun
        return WorkflowTask(
            definition,
            .asynchronous { (input: repeat each Input) in
                let task = TaskContext.current!.node
                if task.definition.usesFiles {
                    return try await task.executeWithFiles(
                        repeat each input, outputs: [], dryRunValue: dryRunValue, command: command
                    ).value
                }
                let command = try await command(repeat each input)
                try command.validate()
                if isDryRun { return task.dryRun(dryRunValue ?? "", detail: task.dryRunDetail(of: command)) }
                let call = { command.recallable(for: task) }
                return try await task.remembered(call(), as: task.definition.options.textForm) { terms in
                    if let found = try await task.reattach(command, terms) { return found.text }
                    return try await task.execute(command, terms)
                }
            })
    }
}
