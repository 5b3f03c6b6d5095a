/// The settings with which a model answers. One that is nil isn't sent: the server decides.
public struct InferenceSettings: Sendable, Hashable {
    /// Another model than that of the backend.
    public var model: String?
    /// Text that precedes every prompt as the system's message.
    public var system: String?
    /// 0 for the likeliest answer, more for more variety.
    public var temperature: Double?
    /// Of the likeliest tokens only those that together have this probability.
    public var topP: Double?
    /// The answer ends after as many tokens.
    public var maxTokens: Int?
    /// The answer ends before one of these texts.
    public var stop: [String] = []
    /// The same seed gives the same answer, where the server can.
    public var seed: Int?
    /// More top-level fields of the request; they take precedence over those above.
    public var extraFields: [String: JSONValue] = [:]

    public init(
        model: String? = nil, system: String? = nil, temperature: Double? = nil, topP: Double? = nil,
        maxTokens: Int? = nil, stop: [String] = [], seed: Int? = nil, extraFields: [String: JSONValue] = [:]
    ) {
        self.model = model
        self.system = system
        self.temperature = temperature
        self.topP = topP
        self.maxTokens = maxTokens
        self.stop = stop
        self.seed = seed
        self.extraFields = extraFields
    }

    /// These, with what `other` says instead.
    func overridden(by other: InferenceSettings) -> InferenceSettings {
        InferenceSettings(
            model: other.model ?? model, system: other.system ?? system,
            temperature: other.temperature ?? temperature, topP: other.topP ?? topP,
            maxTokens: other.maxTokens ?? maxTokens, stop: other.stop.isEmpty ? stop : other.stop,
            seed: other.seed ?? seed, extraFields: extraFields.merging(other.extraFields) { $1 })
    }

    /// The body of the request that has `prompt` answered.
    ///
    /// - Parameter streams: whether the answer is to come in parts.
    func request(model: String, prompt: Prompt, streams: Bool = false) -> JSONValue {
        var messages = prompt.messages
        if let system, messages.first?.role != .system { messages.insert(.system(system), at: 0) }
        var fields: [String: JSONValue] = [
            "model": .string(self.model ?? model), "messages": .array(messages.map(\.json)),
        ]
        fields["temperature"] = temperature.map { .number($0) }
        fields["top_p"] = topP.map { .number($0) }
        fields["max_tokens"] = maxTokens.map { .integer($0) }
        fields["seed"] = seed.map { .integer($0) }
        if !stop.isEmpty { fields["stop"] = .array(stop.map { .string($0) }) }
        fields.merge(extraFields) { $1 }
        fields["stream"] = streams ? true : nil
        if streams { fields["stream_options"] = .object(["include_usage": true]) }
        return .object(fields)
    }

    /// The body of the request that has `texts` turned into vectors. What only concerns answers isn't in it.
    func embeddingsRequest(model: String, texts: [String]) -> JSONValue {
        var fields: [String: JSONValue] = [
            "model": .string(self.model ?? model), "input": .array(texts.map { .string($0) }),
            "encoding_format": "float",
        ]
        fields.merge(extraFields) { $1 }
        return .object(fields)
    }
}
