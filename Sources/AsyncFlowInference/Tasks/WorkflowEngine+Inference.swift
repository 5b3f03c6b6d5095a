public import AsyncFlow

extension WorkflowEngine {
    /// Defines a task that sends a prompt to an ``InferenceBackend``. Its value is the whole answer, with the server's
    /// information about it.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: the options, for example `.on("openai")`, `.temperature(0)`.
    ///   - type: `Completion.self`.
    ///   - dryRunValue: the placeholder for the answer in a dry run; an empty text by default.
    ///   - prompt: creates the prompt, a ``Prompt`` or a `String`, from the resolved arguments.
    public func promptTask<Question: PromptConvertible, each Input: Sendable>(
        _ name: String, _ options: TaskOption<PromptKind>..., as type: Completion.Type,
        dryRunValue: Completion = Completion(text: "", model: ""),
        prompt: @escaping @Sendable (repeat each Input) async throws -> Question
    ) -> WorkflowTask<PromptKind, Completion, repeat each Input> {
        promptTask(name, options, dryRunValue: dryRunValue, text: \Prompt.text) { backend, prompt, task in
            try await InferenceBackend.of(backend).complete(prompt, for: task)
        } prompt: { (input: repeat each Input) in
            try await prompt(repeat each input).prompt
        }
    }

    /// Defines a task that sends a prompt with several messages or with images. Its value is the answer's text.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: the options, for example `.on("openai")`, `.temperature(0)`.
    ///   - dryRunValue: the placeholder for the answer in a dry run.
    ///   - prompt: creates the prompt from the resolved arguments.
    public func promptTask<each Input: Sendable>(
        _ name: String, _ options: TaskOption<PromptKind>..., dryRunValue: String = "",
        prompt: @escaping @Sendable (repeat each Input) async throws -> Prompt
    ) -> PromptTask<repeat each Input> {
        promptTask(name, options, dryRunValue: dryRunValue, text: \Prompt.text) { backend, prompt, task in
            try await InferenceBackend.of(backend).complete(prompt, for: task).text
        } prompt: { (input: repeat each Input) in
            try await prompt(repeat each input)
        }
    }

    /// Defines a task whose value the model returns as data: JSON in the form of `type`.
    ///
    /// ```swift
    /// struct Invoice: Codable { var number: String; var total: Double; var paid: Bool? }
    /// let extract = flow.promptTask("extract", as: Invoice.self) { (text: String) in "Extract the invoice: \(text)" }
    /// ```
    ///
    /// The server receives the type's JSON schema as `response_format`. The answer is always decoded here, even from a
    /// fenced block, after the model's reasoning (`<think>…</think>`), and among other words. If the answer doesn't
    /// have the form, the model gets it back with a description of the error. An answer that the token limit cut short
    /// is an ``InferenceError`` with `WorkflowErrorCode.truncated` at once.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: the options, for example `.on("openai")`, `.temperature(0)`.
    ///   - type: the type that the answer is decoded as. Times are ISO 8601.
    ///   - schema: the schema; by default inferred from how the type decodes itself: see ``JSONSchema/init(of:)``.
    ///   - repairs: the number of times that the model may correct its answer.
    ///   - dryRunValue: the placeholder for the answer in a dry run; needed only if the type isn't a `DryRunValue`.
    ///   - prompt: creates the prompt, a ``Prompt`` or a `String`, from the resolved arguments.
    /// - Throws: in the task, ``InferenceError`` with `WorkflowErrorCode.invalidAnswer` if no answer had that form,
    ///   ``JSONSchemaError`` if the type's schema can't be inferred.
    public func promptTask<Output: Decodable & Sendable, Question: PromptConvertible, each Input: Sendable>(
        _ name: String, _ options: TaskOption<PromptKind>..., as type: Output.Type, schema: JSONSchema? = nil,
        repairs: Int = 2, dryRunValue: Output? = nil,
        prompt: @escaping @Sendable (repeat each Input) async throws -> Question
    ) -> WorkflowTask<PromptKind, Output, repeat each Input> {
        let form = Result { try schema ?? JSONSchema(of: type) }
        return promptTask(name, options, dryRunValue: dryRunValue, text: \Prompt.text) { backend, prompt, task in
            try await InferenceBackend.of(backend).decoded(
                prompt, as: type, schema: form.get(), repairs: repairs, task)
        } prompt: { (input: repeat each Input) in
            try await prompt(repeat each input).prompt
        }
    }
}
