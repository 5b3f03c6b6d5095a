public import AsyncFlow
import AsyncFlowBase

/// A whole answer: the text, and the server's information about it.
public struct Completion: TaskValue, Hashable, Codable {
    /// The text; empty if the model only requests calls of tools.
    public var text: String
    /// The calls that the model requests.
    public var toolCalls: [Prompt.ToolCall] = []
    /// The reason that the answer ends here; nil if the server doesn't say.
    public var finishReason: FinishReason?
    /// The numbers of tokens; nil if the server doesn't count them.
    public var usage: Usage?
    /// The model that answered, by the server's name for it; the requested one if the server doesn't say.
    public var model: String
    /// The time from sending the successful attempt to the end of the answer.
    public var latency: Duration = .zero
    /// The time from sending it to the first part of the answer; nil if the answer wasn't streamed.
    public var timeToFirstToken: Duration?
    /// The number of times that the prompt was sent, including the attempts that failed.
    public var attempts = 1

    /// Creates a placeholder for an answer, for tests and dry runs.
    public init(
        text: String, toolCalls: [Prompt.ToolCall] = [], finishReason: FinishReason? = nil, usage: Usage? = nil,
        model: String
    ) {
        self.text = text
        self.toolCalls = toolCalls
        self.finishReason = finishReason
        self.usage = usage
        self.model = model
    }

    /// The reason that an answer ends. Servers may also have other reasons.
    public struct FinishReason: Sendable, Hashable, Codable, CustomStringConvertible {
        public let description: String
        public init(_ name: String) { description = name }

        /// The model had nothing more to say.
        public static let stop = FinishReason("stop")
        /// The limit of tokens cut the answer short.
        public static let length = FinishReason("length")
        /// The model requests calls of tools.
        public static let toolCalls = FinishReason("tool_calls")
    }

    /// The tokens of a prompt and its answer.
    public struct Usage: Sendable, Hashable, Codable {
        public var inputTokens: Int
        public var outputTokens: Int
        /// The sum of both; `Int.max` if it is greater.
        public var totalTokens: Int { inputTokens.addingSaturated(outputTokens) }

        public init(inputTokens: Int, outputTokens: Int) {
            self.inputTokens = inputTokens
            self.outputTokens = outputTokens
        }
    }

    /// The number of the answer's tokens per second; nil if it isn't known.
    public var tokensPerSecond: Double? {
        guard let usage, latency > .zero else { return nil }
        return Double(usage.outputTokens) / (latency / .seconds(1))
    }
}
