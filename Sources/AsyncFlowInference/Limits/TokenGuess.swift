/// An estimate of the tokens that a request will take.
struct TokenGuess: Sendable, Hashable {
    let prompt: Int
    /// The maximum for the answer; nil if nothing limits it.
    let answer: Int?

    init(prompt: Int, answer: Int?) {
        self.prompt = prompt.boundedTokens
        self.answer = answer?.boundedTokens
    }
}

/// The tokens that a request has taken.
struct TokenCount: Sendable, Hashable {
    let prompt: Int
    let answer: Int
    var total: Int { prompt + answer }

    init(prompt: Int, answer: Int) {
        self.prompt = prompt.boundedTokens
        self.answer = answer.boundedTokens
    }

    init(_ usage: Completion.Usage) { self.init(prompt: usage.inputTokens, answer: usage.outputTokens) }

    /// Creates the count for an answer whose server doesn't count; four bytes are about a token.
    init(_ completion: Completion, guess: TokenGuess) {
        let bytes = completion.toolCalls.reduce(completion.text.utf8.count) { $0 + $1.arguments.utf8.count }
        self.init(prompt: guess.prompt, answer: bytes / 4)
    }
}

extension Int {
    /// The number, bounded so that sums of many such numbers stay far from the limit of an `Int`.
    fileprivate var boundedTokens: Int { Swift.min(Swift.max(self, 0), 1_000_000_000_000) }
}
