/// Decides which requests may be sent: at most so many at once, and in any minute so many requests and tokens.
///
/// Requests go in the order in which they came.
struct LimitMachine: Sendable {
    enum Step: Sendable, Equatable {
        /// Nothing to do before a request comes or ends.
        case idle
        /// These may go now.
        case admit([Int])
        /// Nothing to do before this time, in seconds.
        case wait(until: Double)
    }

    private struct Waiting {
        let id: Int
        let tokens: Int
    }
    private struct Sent {
        let id: Int
        let time: Double
        var tokens: Int
    }

    static let window = 60.0
    let limits: InferenceLimits
    private var waiting: [Waiting] = []
    private var sent: [Sent] = []
    private(set) var running = 0

    init(_ limits: InferenceLimits) { self.limits = limits }

    /// - Parameter tokens: about how many it will take.
    mutating func arrived(_ id: Int, tokens: Int) { waiting.append(Waiting(id: id, tokens: max(0, tokens))) }

    /// - Returns: whether it waited; otherwise it may go already, or has gone.
    mutating func gaveUp(_ id: Int) -> Bool {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return false }
        waiting.remove(at: index)
        return true
    }

    /// - Parameter tokens: how many it took in fact; nil if that isn't known.
    mutating func ended(_ id: Int, tokens: Int?) {
        running -= 1
        guard let tokens, let index = sent.firstIndex(where: { $0.id == id }) else { return }
        sent[index].tokens = tokens
    }

    /// What is to be done now; to be asked again after every other call, and at the time it says.
    mutating func step(now: Double) -> Step {
        let keepsTrack = limits.requestsPerMinute != nil || limits.tokensPerMinute != nil
        sent.removeAll { $0.time + Self.window <= now }
        var admitted: [Int] = []
        while let first = waiting.first, running < limits.concurrentRequests ?? .max, fits(first) {
            waiting.removeFirst()
            running += 1
            if keepsTrack { sent.append(Sent(id: first.id, time: now, tokens: first.tokens)) }
            admitted.append(first.id)
        }
        if !admitted.isEmpty { return .admit(admitted) }
        guard !waiting.isEmpty, running < limits.concurrentRequests ?? .max, let oldest = sent.first else {
            return .idle
        }
        return .wait(until: oldest.time + Self.window)
    }

    private func fits(_ request: Waiting) -> Bool {
        if let most = limits.requestsPerMinute, sent.count >= most { return false }
        // What is more than a whole minute's tokens goes alone.
        guard let most = limits.tokensPerMinute, !sent.isEmpty else { return true }
        return sent.reduce(0) { $0 + $1.tokens } + request.tokens <= most
    }
}

/// How much a backend may ask of its servers. What is nil isn't limited.
public struct InferenceLimits: Sendable, Hashable {
    /// How many requests may be under way at once.
    public var concurrentRequests: Int?
    /// How many requests may be sent in any 60 seconds.
    public var requestsPerMinute: Int?
    /// How many tokens the requests of any 60 seconds may take. Before a request is sent its tokens are guessed, from the
    /// length of the prompt (four bytes each) and `maxTokens`; afterwards those count that the server says.
    public var tokensPerMinute: Int?

    /// Limits less than 1 count as 1.
    public init(concurrentRequests: Int? = nil, requestsPerMinute: Int? = nil, tokensPerMinute: Int? = nil) {
        self.concurrentRequests = concurrentRequests.map { max(1, $0) }
        self.requestsPerMinute = requestsPerMinute.map { max(1, $0) }
        self.tokensPerMinute = tokensPerMinute.map { max(1, $0) }
    }
}
