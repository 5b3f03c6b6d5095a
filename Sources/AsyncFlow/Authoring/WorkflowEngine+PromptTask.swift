extension WorkflowEngine {
    /// Defines a task that has a prompt answered by a model; its value is the answer.
    ///
    /// ```swift
    /// let summarise = flow.promptTask("summarise") { (text: String) in "Summarise in one sentence: \(text)" }
    /// ```
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: for example `.on("openai")`.
    ///   - dryRunValue: stands for the answer in a dry run; the empty text by default.
    ///   - prompt: makes the prompt from the resolved arguments. Called in a dry run too, so that the report can show it.
    ///     A prompt without any text ends the task with ``WorkflowErrorCode/emptyPrompt``.
    public func promptTask<each Input: Sendable>(
        _ name: String, _ options: TaskOption<PromptKind>..., dryRunValue: String? = nil,
        prompt: @escaping @Sendable (repeat each Input) async throws -> String
    ) -> PromptTask<repeat each Input> {
        let definition = makeDefinition(name, options)
        let isDryRun = isDryRun
        return WorkflowTask(
            definition,
            .asynchronous { (input: repeat each Input) in
                let task = TaskContext.current!.node
                let prompt = try await prompt(repeat each input)
                guard prompt.contains(where: { !$0.isWhitespace }) else {
                    throw EngineError(.emptyPrompt, "the prompt is empty; its closure has to return some text")
                }
                if isDryRun { return task.dryRun(dryRunValue ?? "", detail: prompt) }
                let slot = task.definition.backend!
                try await slot.ready()
                let backend = slot.backend as! any PromptBackend
                if !backend.reportsStart { task.begin() }
                return try await backend.complete(PromptRequest(text: prompt, task: TaskContext(task)))
            })
    }
}
