public import AsyncFlow

extension WorkflowEngine {
    /// Defines an agent: a block in which a model is asked, calls tools, and is asked again until it answers.
    ///
    /// Every step is a member of the block: each question is a prompt task (`<name>.step`), and each call a function
    /// task with the tool's name; calls of one step run in parallel. They appear in the graph, and are cancelled with
    /// the block. A tool that fails doesn't end the agent: the model receives the error.
    ///
    /// ```swift
    /// let research = flow.agent("research", tools: [search]) { (topic: String) in "What is known about \(topic)?" }
    /// let report = try await research("tardigrades").value
    /// ```
    ///
    /// - Parameters:
    ///   - name: a short, clear name for logs, errors and reports.
    ///   - options: the options of the prompt tasks, for example `.on("openai")`.
    ///   - tools: the tools that the model can call, with different names.
    ///   - steps: the maximum number of answers of the model; the last one must not request calls.
    ///   - approve: called before each call of a tool, for example to ask a person. If it returns false, the model is
    ///     told that the call was refused.
    ///   - prompt: creates the first question, a ``Prompt`` or a `String`, from the resolved arguments.
    public func agent<Question: PromptConvertible, each Input: Sendable>(
        _ name: String, _ options: TaskOption<PromptKind>..., tools: [Tool], steps: Int = 10,
        approve: @escaping @Sendable (Prompt.ToolCall) async throws -> Bool = { _ in true },
        prompt: @escaping @Sendable (repeat each Input) async throws -> Question
    ) -> Block<String, repeat each Input> {
        var ask = promptTask("\(name).step", as: Completion.self, dryRunValue: Completion(text: "-", model: "")) {
            (prompt: Prompt) in prompt
        }
        for option in options { ask = ask.with(option) }
        if !tools.isEmpty { ask = ask.with(.field("tools", .array(tools.map(\.json)))) }
        let calls = Dictionary(tools.map { tool in (tool.name, makeTask(of: tool, approve)) }) { first, _ in first }
        let unknown = functionTask("unknown-tool", dryRunValue: "") { (call: Prompt.ToolCall) async throws -> String in
            "Error: there is no tool '\(call.name)'; there are: \(calls.keys.sorted().joined(separator: ", "))"
        }
        let step = ask
        return block(name) { (input: repeat each Input) async throws -> String in
            var dialogue = ToolDialogue(try await prompt(repeat each input).prompt, steps: steps)
            while true {
                switch dialogue.answered(try await step(dialogue.prompt).value) {
                case .answer(let text): return text
                case .fail(let error): throw error
                case .call(let wanted):
                    let results = wanted.map { call in (call, (calls[call.name] ?? unknown)(call)) }
                    for (call, result) in results { dialogue.returned(try await result.value, of: call) }
                }
            }
        }
    }

    private func makeTask(
        of tool: Tool, _ approve: @escaping @Sendable (Prompt.ToolCall) async throws -> Bool
    ) -> FunctionTask<String, Prompt.ToolCall> {
        functionTask(tool.name, dryRunValue: "") { (call: Prompt.ToolCall) async throws -> String in
            guard try await approve(call) else { return "Error: this call was refused; don't repeat it" }
            do {
                return try await tool.call(call.arguments)
            } catch {
                // The model can't deal with a cancellation.
                try TaskContext.current?.checkCancellation()
                if error is CancellationError { throw error }
                return "Error: \(error)"
            }
        }
    }
}
