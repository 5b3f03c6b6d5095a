/// The settings for a model's answers. Those that are nil aren't sent, so the server decides.
public struct InferenceSettings: Sendable, Hashable {
    /// A model to use instead of the backend's.
    public var model: String?
    /// The text that precedes every prompt as the system message.
    public var system: String?
    /// The temperature: 0 for the most likely answer, more for more variety.
    public var temperature: Double?
    /// The probability of the most likely tokens to which sampling is restricted.
    public var topP: Double?
    /// The number of tokens after which the answer ends.
    public var maxTokens: Int?
    /// The texts before which the answer ends.
    public var stop: [String] = []
    /// The seed; the same seed gives the same answer, if the server supports that.
    public var seed: Int?
    /// Further top-level fields of the request; they take precedence over those above.
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

    /// Returns these settings with those of `other` taking precedence.
    func overridden(by other: InferenceSettings) -> InferenceSettings {
        InferenceSettings(
            model: other.model ?? model, system: other.system ?? system,
            temperature: other.temperature ?? temperature, topP: other.topP ?? topP,
            maxTokens: other.maxTokens ?? maxTokens, stop: other.stop.isEmpty ? stop : other.stop,
            seed: other.seed ?? seed, extraFields: extraFields.merging(other.extraFields) { $1 })
    }

    /// Returns the body of the request for `prompt`.
    ///
    /// - Parameter streams: whether the answer is to be streamed.
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

    /// Returns the body of the request that turns `texts` into vectors, without the settings that only concern answers.
    func embeddingsRequest(model: String, texts: [String]) -> JSONValue {
        var fields: [String: JSONValue] = [
            "model": .string(self.model ?? model), "input": .array(texts.map { .string($0) }),
            "encoding_format": "float",
        ]
        fields.merge(extraFields) { $1 }
        return .object(fields)
    }
}
