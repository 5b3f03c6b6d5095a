public import AsyncFlow
import AsyncFlowBase

/// A whole answer: the text, and what the server says about it.
public struct Completion: TaskValue, Hashable, Codable {
    /// Empty if the model only wants tools to be called.
    public var text: String
    /// The calls that the model wants.
    public var toolCalls: [Prompt.ToolCall] = []
    /// Why the answer ends here; nil if the server doesn't say.
    public var finishReason: FinishReason?
    /// Nil if the server doesn't count.
    public var usage: Usage?
    /// The model that answered, as the server calls it; the one that was asked for if the server doesn't say.
    public var model: String
    /// From when the attempt that succeeded was sent until the end of the answer.
    public var latency: Duration = .zero
    /// From when it was sent until the first part of the answer came; nil if the answer wasn't streamed.
    public var timeToFirstToken: Duration?
    /// The number of times that the prompt was sent, including the attempts that failed.
    public var attempts = 1

    /// For values that stand for an answer, in tests and dry runs.
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

    /// Why an answer ends. Servers have reasons of their own, too.
    public struct FinishReason: Sendable, Hashable, Codable, CustomStringConvertible {
        public let description: String
        public init(_ name: String) { description = name }

        /// The model had nothing more to say.
        public static let stop = FinishReason("stop")
        /// The limit of tokens cut the answer short.
        public static let length = FinishReason("length")
        /// The model wants tools to be called.
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

    /// Tokens of the answer per second; nil if that isn't known.
    public var tokensPerSecond: Double? {
        guard let usage, latency > .zero else { return nil }
        return Double(usage.outputTokens) / (latency / .seconds(1))
    }
}
