/// The decision on what to do with answers that must have a form.
struct RepairDialogue: Sendable {
    enum Action<Value> {
        case value(Value)
        case askAgain
        case fail(InferenceError)
    }

    /// The next question.
    private(set) var prompt: Prompt
    private var remaining: Int
    private let quote: Quoting

    /// - Parameter quote: how parts of the answer are shown in messages.
    init(_ prompt: Prompt, repairs: Int, quote: Quoting = Quoting()) {
        self.prompt = prompt
        remaining = max(0, repairs)
        self.quote = quote
    }

    mutating func answered<Value>(_ completion: Completion, decode: (String) throws -> Value) -> Action<Value> {
        if completion.finishReason == .length {
            return .fail(
                InferenceError(
                    .truncated,
                    "the limit of tokens cut the answer short after \(completion.text.count) characters, so that it can't "
                        + "be decoded; raise maxTokens or ask for less"))
        }
        do {
            return .value(try decode(completion.text))
        } catch {
            let problem = StructuredAnswer.problem(error)
            guard remaining > 0 else {
                return .fail(
                    InferenceError(
                        .invalidAnswer,
                        "the answer doesn't have the required form: \(quote(problem)). It is: \(quote(completion.text))"
                    ))
            }
            remaining -= 1
            prompt.messages += [
                .assistant(completion.text),
                .user(
                    "That isn't right: \(problem). Answer again, with nothing but JSON in the required form."),
            ]
            return .askAgain
        }
    }
}
