/// When and how often a failed task is tried again.
///
/// Mostly written as an option, ``TaskOption/retry(_:backoff:jitter:on:growing:)``; a policy that many tasks share can
/// be kept in a constant and given to ``TaskOption/retry(_:)-(RetryPolicy)``.
public struct RetryPolicy: Sendable {
    /// How often a failed task is tried again, at most: the number of attempts is one more.
    public var maximumRetries: Int
    /// How long to wait before each retry.
    public var backoff: Backoff
    /// How much of that is left to chance.
    public var jitter: Jitter
    /// The failures that are tried again; every one if there is none.
    public var classes: [FailureClass]
    /// What the next attempt gets more of.
    public var growth: [ResourceGrowth]

    /// - Parameters:
    ///   - maximumRetries: 0 for one attempt only.
    ///   - backoff: how long to wait before each retry.
    ///   - jitter: how much of that is left to chance.
    ///   - classes: the failures that are tried again; every one if there is none.
    ///   - growth: what the next attempt gets more of.
    public init(
        maximumRetries: Int, backoff: Backoff = .none, jitter: Jitter = .none, on classes: [FailureClass] = [],
        growing growth: [ResourceGrowth] = []
    ) {
        self.maximumRetries = maximumRetries
        self.backoff = backoff
        self.jitter = jitter
        self.classes = classes
        self.growth = growth
    }

    /// One attempt, whatever happens.
    static let never = RetryPolicy(maximumRetries: 0)

    /// How many attempts there may be.
    var maximumAttempts: Int { maximumRetries == .max ? .max : maximumRetries + 1 }

    /// Whether a failure of this kind may be tried again, if there are retries left. Calls users' code, so not under a
    /// lock.
    func covers(_ error: any Error) -> Bool { (classes.isEmpty ? [.any] : classes).match(error) }

    /// How long to wait before a retry.
    ///
    /// - Parameters:
    ///   - number: 1 for the first retry.
    ///   - random: from 0 up to but not including 1.
    func pause(beforeRetry number: Int, random: Double) -> Duration {
        jitter.applied(to: backoff.pause(beforeRetry: number), random: random)
    }

    /// What the next attempt asks for after one that had this. Calls users' code, so not under a lock.
    func grown(_ request: ResourceRequest, after error: any Error) -> ResourceRequest {
        growth.reduce(request) { $1.grown($0, after: error) }
    }

    /// What is wrong with it, if anything.
    var problem: String? {
        if maximumRetries < 0 { return "\(maximumRetries) retries: there have to be 0 or more" }
        return backoff.problem ?? jitter.problem ?? growth.lazy.compactMap(\.problem).first
    }
}
