/// How much a backend may ask of its servers. What is nil isn't limited.
public struct InferenceLimits: Sendable, Hashable {
    /// How many requests may be under way at once.
    public var concurrentRequests: Int?
    /// How many requests may be sent in any 60 seconds.
    public var requestsPerMinute: Int?
    /// How many tokens the requests of any 60 seconds may take. Before a request is sent its tokens are guessed, from the
    /// length of the prompt (four bytes each) and `maxTokens`; afterwards those count that the server says.
    public var tokensPerMinute: Int?
    /// How many tokens all requests together may take. One that would exceed it, by the same guess, isn't sent: its task
    /// fails with ``InferenceError/Code/budgetExhausted``.
    public var totalTokens: Int?

    /// Limits less than 1 count as 1.
    public init(
        concurrentRequests: Int? = nil, requestsPerMinute: Int? = nil, tokensPerMinute: Int? = nil,
        totalTokens: Int? = nil
    ) {
        self.concurrentRequests = concurrentRequests.map { max(1, $0) }
        self.requestsPerMinute = requestsPerMinute.map { max(1, $0) }
        self.tokensPerMinute = tokensPerMinute.map { max(1, $0) }
        self.totalTokens = totalTokens.map { max(1, $0) }
    }
}
