public import AsyncFlow

extension WorkflowEngine {
    /// Defines a task that turns texts into vectors with an ``InferenceBackend``. Its value is one vector for each
    /// text, in their order, all of the same length.
    ///
    /// ```swift
    /// let embed = flow.embeddingTask("embed", .on("model"), .model("nomic-embed-text")) { (pages: [String]) in pages }
    /// ```
    ///
    /// Retries, limits, failover and cancellation are those of prompts. Of the options of prompts, only `.model` and
    /// `.field` apply, for example `.field("dimensions", 256)`.
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: the options, for example `.on("openai")`.
    ///   - batch: the maximum number of texts in a request; requests are sent one after the other.
    ///   - dryRunValue: the placeholder for the vectors in a dry run.
    ///   - texts: returns the texts from the resolved arguments; without texts there are no vectors, and no request is
    ///     sent.
    /// - Throws: in the task, ``InferenceError``, with `WorkflowErrorCode.invalidAnswer` if a server doesn't return
    ///   one vector of numbers for each text.
    public func embeddingTask<each Input: Sendable>(
        _ name: String, _ options: TaskOption<PromptKind>..., batch: Int = 256, dryRunValue: [[Float]] = [],
        texts: @escaping @Sendable (repeat each Input) async throws -> [String]
    ) -> WorkflowTask<PromptKind, [[Float]], repeat each Input> {
        promptTask(name, options, dryRunValue: dryRunValue, text: { "\($0.count) texts" }) { backend, texts, task in
            try await InferenceBackend.of(backend).embeddings(
                of: texts, batch: batch, settings: InferenceSettings(), task: task)
        } prompt: { (input: repeat each Input) in
            try await texts(repeat each input)
        }
    }
}
