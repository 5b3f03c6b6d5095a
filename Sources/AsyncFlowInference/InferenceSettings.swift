/// How the model is to answer. What is nil isn't sent: the server decides.
public struct InferenceSettings: Sendable, Hashable {
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
        system: String? = nil, temperature: Double? = nil, topP: Double? = nil, maxTokens: Int? = nil,
        stop: [String] = [], seed: Int? = nil, extraFields: [String: JSONValue] = [:]
    ) {
        self.system = system
        self.temperature = temperature
        self.topP = topP
        self.maxTokens = maxTokens
        self.stop = stop
        self.seed = seed
        self.extraFields = extraFields
    }

    /// The body of the request that has `prompt` answered.
    func request(model: String, prompt: String) -> JSONValue {
        var messages: [JSONValue] = []
        if let system { messages.append(.object(["role": "system", "content": .string(system)])) }
        messages.append(.object(["role": "user", "content": .string(prompt)]))
        var fields: [String: JSONValue] = ["model": .string(model), "messages": .array(messages)]
        fields["temperature"] = temperature.map { .number($0) }
        fields["top_p"] = topP.map { .number($0) }
        fields["max_tokens"] = maxTokens.map { .integer($0) }
        fields["seed"] = seed.map { .integer($0) }
        if !stop.isEmpty { fields["stop"] = .array(stop.map { .string($0) }) }
        return .object(fields.merging(extraFields) { $1 })
    }
}
