/// The limits of what a backend asks of its servers. Nil is no limit.
public struct InferenceLimits: Sendable, Hashable {
    /// The number of requests that may be under way at once.
    public var concurrentRequests: Int?
    /// The number of requests that may be sent in any 60 seconds.
    public var requestsPerMinute: Int?
    /// The number of tokens that the requests of any 60 seconds may take. Before a request is sent its tokens are
    /// reserved: those of the prompt, four bytes each, and those of the answer, `maxTokens` or, without it, as many as
    /// such answers took on average so far (1,024 before the first). Afterwards those count that the server says or, if
    /// it doesn't count, four bytes each.
    public var tokensPerMinute: Int?
    /// The number of tokens that all requests together may take. One that would exceed it, by the same reservation,
    /// isn't sent: its task fails with ``InferenceError/Code/budgetExhausted``. Only `maxTokens` makes this exact:
    /// without it answers can turn out longer than those before. Attempts that fail count nothing.
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
