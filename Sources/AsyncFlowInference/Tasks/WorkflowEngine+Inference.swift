public import AsyncFlow

extension WorkflowEngine {
    /// Defines a task that has a prompt answered by an ``InferenceBackend``; its value is the whole answer, with what
    /// the server says about it.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: for example `.on("openai")`, `.temperature(0)`.
    ///   - type: `Completion.self`.
    ///   - dryRunValue: stands for the answer in a dry run; the empty text by default.
    ///   - prompt: makes the prompt, a ``Prompt`` or a `String`, from the resolved arguments.
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

    /// Defines a task that has a prompt of several messages or with images answered; its value is the answer's text.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: for example `.on("openai")`, `.temperature(0)`.
    ///   - dryRunValue: stands for the answer in a dry run.
    ///   - prompt: makes the prompt from the resolved arguments.
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

    /// Defines a task whose value the model gives as data: JSON in the form of `type`.
    ///
    /// ```swift
    /// struct Invoice: Codable { var number: String; var total: Double; var paid: Bool? }
    /// let extract = flow.promptTask("extract", as: Invoice.self) { (text: String) in "Extract the invoice: \(text)" }
    /// ```
    ///
    /// The server gets the type's JSON schema as `response_format`. What comes is decoded here, whatever the server
    /// promised, also out of a fenced block, from behind what the model thought (`<think>…</think>`) and from among
    /// other words. If it isn't of that form, the model gets it back with what is wrong with it. An answer that the
    /// limit of tokens cut short is an ``InferenceError`` with ``InferenceError/Code/truncated`` at once.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: for example `.on("openai")`, `.temperature(0)`.
    ///   - type: what the answer is decoded as. Times are ISO 8601.
    ///   - schema: its form; by default found out from how the type decodes itself: see ``JSONSchema/init(of:)``.
    ///   - repairs: how often the model may try again.
    ///   - dryRunValue: stands for the answer in a dry run; needed only where the type has no `DryRunValue`.
    ///   - prompt: makes the prompt, a ``Prompt`` or a `String`, from the resolved arguments.
    /// - Throws: in the task: ``InferenceError`` with ``InferenceError/Code/invalidAnswer`` if no answer was of that
    ///   form, ``JSONSchemaError`` if the type's schema can't be found out.
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
