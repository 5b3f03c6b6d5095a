extension WorkflowEngine {
    /// Defines a task that asks a model; its value is the answer.
    ///
    /// ```swift
    /// let summarise = flow.promptTask("summarise") { (text: String) in "Summarise in one sentence: \(text)" }
    /// ```
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: for example `.on("openai")`.
    ///   - dryRunValue: stands in for the answer in a dry run; the empty string by default.
    ///   - prompt: makes the prompt from the resolved arguments. Called in a dry run too, so that the report can show
    ///     it. A prompt without any text ends the task with ``WorkflowErrorCode/emptyPrompt``.
    public func promptTask<each Input: Sendable>(
        _ name: String, _ options: TaskOption<PromptKind>..., dryRunValue: String? = nil,
        prompt: @escaping @Sendable (repeat each Input) async throws -> String
    ) -> PromptTask<repeat each Input> {
        promptTask(name, options, dryRunValue: dryRunValue ?? "", text: { $0 }) { backend, text, task in
            try await backend.complete(PromptRequest(text: text, task: task))
        } prompt: {
            (input: repeat each Input) in
            try await prompt(repeat each input)
        }
    }

    /// Defines a task that asks a prompt backend a question of a custom type: for modules that provide such backends.
    ///
    /// - Parameters:
    ///   - dryRunValue: stands in for the output in a dry run; nil if none is known, except by its type.
    ///   - text: returns the text of a question, for reports; a question without text isn't asked.
    ///   - answer: has the backend answer the question.
    ///   - prompt: makes the question from the resolved arguments.
    package func promptTask<Question: Sendable, Output: Sendable, each Input: Sendable>(
        _ name: String, _ options: [TaskOption<PromptKind>], dryRunValue: Output?,
        text: @escaping @Sendable (Question) -> String,
        answer: @escaping @Sendable (any PromptBackend, Question, TaskContext) async throws -> Output,
        prompt: @escaping @Sendable (repeat each Input) async throws -> Question
    ) -> WorkflowTask<PromptKind, Output, repeat each Input> {
        let substitute = isDryRun ? dryRunValue ?? AsyncFlow.dryRunValue(for: Output.self) : nil
        if isDryRun, substitute == nil { return makeDryRunTask(name, options, value: nil) }
        let definition = makeDefinition(name, options)
        return WorkflowTask(
            definition,
            .asynchronous { (input: repeat each Input) in
                let task = TaskContext.current!.node
                let question = try await prompt(repeat each input)
                let text = text(question)
                guard text.contains(where: { !$0.isWhitespace }) else {
                    throw EngineError(.emptyPrompt, "the prompt is empty; its closure must return some text")
                }
                if let substitute { return task.dryRun(substitute, detail: text) }
                let slot = task.definition.backend!
                let backend = slot.backend as! any PromptBackend
                let call = { backend.recallable(question, text: text, for: TaskContext(task), Output.self) }
                return try await task.remembered(call(), as: .codable(ifPossibleOf: name)) { _ in
                    try await slot.ready()
                    if !backend.reportsStart { task.begin() }
                    return try await answer(backend, question, TaskContext(task))
                }
            })
    }
}
