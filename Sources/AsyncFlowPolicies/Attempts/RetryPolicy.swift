/// The conditions under which a failed task is retried, and the number of retries.
///
/// Usually it is written as an option, ``TaskOption/retry(_:backoff:jitter:on:growing:)``; a policy that many tasks
/// share can be kept in a constant and passed to ``TaskOption/retry(_:)-(RetryPolicy)``.
public struct RetryPolicy: Sendable {
    /// The maximum number of retries: the number of attempts is one more.
    public var maximumRetries: Int
    /// The pauses before the retries.
    public var backoff: Backoff
    /// The random part of the pauses.
    public var jitter: Jitter
    /// The failures that are retried; all of them if the list is empty.
    public var classes: [FailureClass]
    /// The resources that the next attempt gets more of.
    public var growth: [ResourceGrowth]

    /// Creates a retry policy.
    ///
    /// - Parameters:
    ///   - maximumRetries: the maximum number of retries; 0 for one attempt only.
    ///   - backoff: the pauses before the retries.
    ///   - jitter: the random part of the pauses.
    ///   - classes: the failures that are retried; all of them if the list is empty.
    ///   - growth: the resources that the next attempt gets more of.
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

    /// A single attempt.
    package static let never = RetryPolicy(maximumRetries: 0)

    /// The maximum number of attempts.
    var maximumAttempts: Int { maximumRetries == .max ? .max : maximumRetries + 1 }

    /// Returns whether a failure of this kind may be retried, if there are retries left. Calls user code, so it must
    /// not be called under a lock.
    package func covers(_ error: any Error) -> Bool { (classes.isEmpty ? [.any] : classes).match(error) }

    /// Returns the pause before a retry.
    ///
    /// - Parameters:
    ///   - number: 1 for the first retry.
    ///   - random: from 0 up to but not including 1.
    package func pause(beforeRetry number: Int, random: Double) -> Duration {
        jitter.applied(to: backoff.pause(beforeRetry: number), random: random)
    }

    /// Returns the request of the attempt after one with the given request. Calls user code, so it must not be called
    /// under a lock.
    package func grown(_ request: ResourceRequest, after error: any Error) -> ResourceRequest {
        growth.reduce(request) { $1.grown($0, after: error) }
    }

    /// The reason why the policy can't work, if there is one.
    package var problem: String? {
        if maximumRetries < 0 { return "the number of retries must be at least 0, got \(maximumRetries)" }
        return backoff.problem ?? jitter.problem ?? growth.lazy.compactMap(\.problem).first
    }
}
