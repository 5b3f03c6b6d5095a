/// The limits on a backend's requests. Nil means no limit.
public struct InferenceLimits: Sendable, Hashable {
    /// The maximum number of concurrent requests.
    public var concurrentRequests: Int?
    /// The maximum number of requests in any 60 seconds.
    public var requestsPerMinute: Int?
    /// The maximum number of tokens for the requests of any 60 seconds. Before a request is sent, its tokens are
    /// reserved: those of the prompt, four bytes each, and those of the answer, which are `maxTokens` or, without it,
    /// the average of such answers so far (1,024 before the first). Afterwards the server's numbers count or, if it
    /// doesn't give any, four bytes each.
    public var tokensPerMinute: Int?
    /// The maximum number of tokens for all requests together. A request that would exceed it, by the same reservation,
    /// isn't sent, and its task fails with `WorkflowErrorCode.budgetExhausted`. Only `maxTokens` makes this exact:
    /// without it, answers can turn out longer than earlier ones. Failed attempts don't count.
    public var totalTokens: Int?

    /// Creates limits; those less than 1 count as 1.
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
