package import AsyncFlow

/// An answer of a model, as the custom event `gen_ai.completed` reports it, with the attributes of OpenTelemetry's
/// semantic conventions for generative AI.
package struct ModelAnswer: Sendable, Hashable {
    package static let eventName = "gen_ai.completed"

    /// The kind of the request: `chat` or `embeddings`.
    let operation: String
    /// The model that answered.
    let model: String
    let seconds: Double?
    let inputTokens: Int?
    let outputTokens: Int?
    /// The time from the request to the first part of the answer; nil if the answer came as a whole.
    let secondsToFirstPart: Double?
    let tokensPerSecond: Double?

    /// - Returns: nil if this isn't such an event.
    package init?(_ content: CustomEventContent?) {
        guard let content, content.name == Self.eventName else { return nil }
        func text(_ name: String) -> String? {
            if case .string(let text)? = content.attributes[name] { text } else { nil }
        }
        func count(_ name: String) -> Int? {
            if case .integer(let count)? = content.attributes[name] { count } else { nil }
        }
        func number(_ name: String) -> Double? {
            if case .number(let number)? = content.attributes[name] { number } else { nil }
        }
        operation = text("gen_ai.operation.name") ?? "chat"
        model = text("gen_ai.response.model") ?? text("gen_ai.request.model") ?? ""
        seconds = number("gen_ai.client.operation.duration")
        secondsToFirstPart = number("gen_ai.response.time_to_first_chunk")
        tokensPerSecond = number("asyncflow.tokens_per_second")
        inputTokens = count("gen_ai.usage.input_tokens")
        outputTokens = count("gen_ai.usage.output_tokens")
    }
}

/// The metrics about the answers of models.
package struct PromptMeter: Sendable {
    package struct Kind: Sendable, Hashable, Comparable {
        package var operation: String
        package var model: String
        /// `input` or `output`; empty for a metric that isn't about tokens.
        package var tokens = ""

        /// The labels that distinguish this kind from others, as names and values.
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
    /// One metric of the answers, with a histogram for each kind.
    package struct Histogram: Sendable {
        /// The name of the metric in OpenTelemetry.
        package let name: String
        package let description: String
        package let unit: String
        let buckets: BucketedNumbers.Buckets
        private var numbers: [Kind: BucketedNumbers] = [:]

        init(_ name: String, _ description: String, _ unit: String, _ buckets: BucketedNumbers.Buckets) {
            self.name = name
            self.description = description
            self.unit = unit
            self.buckets = buckets
        }

        package var sorted: [(kind: Kind, numbers: BucketedNumbers)] {
            numbers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
        fileprivate var isEmpty: Bool { numbers.isEmpty }

        fileprivate mutating func add(_ number: Double?, of kind: Kind) {
            if let number { numbers[kind, default: BucketedNumbers(buckets)].add(number) }
        }
    }

    private var tokens = Histogram(
        "gen_ai.client.token.usage", "Tokens of prompts and answers", "{token}", .tokens)
    private var durations = Histogram(
        "gen_ai.client.operation.duration", "Time from a request to the end of its answer", "s", .answerSeconds)
    private var firstParts = Histogram(
        "gen_ai.client.operation.time_to_first_chunk", "Time from a request to the first part of its answer", "s",
        .answerSeconds)
    private var speeds = Histogram(
        "asyncflow.tokens_per_second", "Tokens per second of an answer", "{token}/s", .tokens)
    private var kinds: Set<Kind> = []

    /// The metrics that have values.
    package var histograms: [Histogram] { [tokens, durations, firstParts, speeds].filter { !$0.isEmpty } }

    mutating func add(_ answer: ModelAnswer) {
        var kind = Kind(operation: answer.operation, model: answer.model)
        if !kinds.contains(kind), kinds.count >= RunMeter.nameLimit { kind.model = RunMeter.otherNames }
        kinds.insert(kind)
        durations.add(answer.seconds, of: kind)
        firstParts.add(answer.secondsToFirstPart, of: kind)
        speeds.add(answer.tokensPerSecond, of: kind)
        for (type, count) in [("input", answer.inputTokens), ("output", answer.outputTokens)] {
            kind.tokens = type
            tokens.add(count.map(Double.init), of: kind)
        }
    }
}
