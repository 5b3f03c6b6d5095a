extension Completion.Usage {
    /// - Returns: nil if the value isn't the `usage` of an answer, or is implausible.
    init?(_ json: JSONValue?) {
        let range = 0...AnswerBounds.tokens
        guard let input = json?["prompt_tokens"]?.count, range.contains(input) else { return nil }
        let output = json?["completion_tokens"]?.count ?? 0
        guard range.contains(output) else { return nil }
        self.init(inputTokens: input, outputTokens: output)
    }
}

extension Completion.FinishReason {
    /// - Returns: nil if the server doesn't say.
    init?(_ name: String?, _ quote: Quoting) {
        guard let name else { return nil }
        self.init(quote(name, upTo: AnswerBounds.name))
    }
}
