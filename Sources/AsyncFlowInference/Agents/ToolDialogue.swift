/// The decision on what to do with a model's answers while it can call tools.
struct ToolDialogue: Sendable {
    enum Action: Sendable, Equatable {
        case answer(String)
        case call([Prompt.ToolCall])
        case fail(InferenceError)
    }

    /// The next question.
    private(set) var prompt: Prompt
    private let steps: Int
    private var stepsTaken = 0

    /// - Parameter steps: the maximum number of answers of the model.
    init(_ prompt: Prompt, steps: Int) {
        self.prompt = prompt
        self.steps = max(1, steps)
    }

    mutating func answered(_ completion: Completion) -> Action {
        stepsTaken += 1
        if completion.toolCalls.isEmpty {
            guard completion.text.contains(where: { !$0.isWhitespace }) else {
                return .fail(InferenceError(.invalidAnswer, "the model neither answered nor called a tool"))
            }
            return .answer(completion.text)
        }
        if completion.finishReason == .length {
            return .fail(
                InferenceError(.truncated, "the limit of tokens cut the model's calls of tools short; raise maxTokens"))
        }
        guard stepsTaken < steps else {
            let names = Set(completion.toolCalls.map(\.name)).sorted().joined(separator: ", ")
            return .fail(
                InferenceError(
                    .tooManySteps,
                    "the model gave no answer in \(stepsTaken) steps and requested another call of \(names); "
                        + "raise steps: or ask for less"))
        }
        prompt.messages.append(.assistant(completion.text, toolCalls: completion.toolCalls))
        return .call(completion.toolCalls)
    }

    mutating func returned(_ result: String, of call: Prompt.ToolCall) {
        prompt.messages.append(.tool(result, of: call))
    }
}
