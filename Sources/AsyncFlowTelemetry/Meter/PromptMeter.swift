package import AsyncFlow

/// An answer of a model, as the custom event `gen_ai.completed` tells of it: with the names of OpenTelemetry's semantic
/// conventions for generative AI.
package struct ModelAnswer: Sendable, Hashable {
    package static let eventName = "gen_ai.completed"

    /// What was asked for: `chat` or `embeddings`.
    let operation: String
    /// The model that answered.
    let model: String
    let seconds: Double?
    let inputTokens: Int?
    let outputTokens: Int?

    /// - Returns: nil if this isn't such an event.
    package init?(_ content: CustomEventContent?) {
        guard let content, content.name == Self.eventName else { return nil }
        func text(_ name: String) -> String? {
            if case .string(let text)? = content.attributes[name] { text } else { nil }
        }
        func count(_ name: String) -> Int? {
            if case .integer(let count)? = content.attributes[name] { count } else { nil }
        }
        operation = text("gen_ai.operation.name") ?? "chat"
        model = text("gen_ai.response.model") ?? text("gen_ai.request.model") ?? ""
        seconds =
            if case .number(let seconds)? = content.attributes["gen_ai.client.operation.duration"] { seconds } else {
                nil
            }
        inputTokens = count("gen_ai.usage.input_tokens")
        outputTokens = count("gen_ai.usage.output_tokens")
    }
}

/// What metrics say of the answers of models.
package struct PromptMeter: Sendable {
    package struct Kind: Sendable, Hashable, Comparable {
        package var operation: String
        package var model: String
        /// `input` or `output`; empty where it isn't about tokens.
        package var tokens = ""

        /// The names and values that tell it from others.
        package var labels: [(String, String)] {
            let all = [
                ("gen_ai.operation.name", operation), ("gen_ai.response.model", model), ("gen_ai.token.type", tokens),
            ]
            return all.filter { !$0.1.isEmpty }
        }

        package static func < (a: Kind, b: Kind) -> Bool {
            (a.operation, a.model, a.tokens) < (b.operation, b.model, b.tokens)
        }
    }
    /// How many tokens went in, and came out.
    package private(set) var tokens: [Kind: BucketedNumbers] = [:]
    /// How long answers took, in seconds.
    package private(set) var durations: [Kind: BucketedNumbers] = [:]

    mutating func add(_ answer: ModelAnswer) {
        var kind = Kind(operation: answer.operation, model: answer.model)
        if durations[kind] == nil, durations.count >= RunMeter.nameLimit { kind.model = RunMeter.otherNames }
        if let seconds = answer.seconds { durations[kind, default: BucketedNumbers(.answerSeconds)].add(seconds) }
        for (type, count) in [("input", answer.inputTokens), ("output", answer.outputTokens)] {
            guard let count else { continue }
            kind.tokens = type
            tokens[kind, default: BucketedNumbers(.tokens)].add(Double(count))
        }
    }
}
