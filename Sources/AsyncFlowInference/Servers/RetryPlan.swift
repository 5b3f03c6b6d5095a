import Foundation

/// The decision on whether and when a request is sent again.
struct RetryPlan: Sendable {
    enum Failure: Sendable, Equatable {
        case connection
        /// An error status; `retryAfter` in seconds, if the server asks to wait.
        case status(Int, retryAfter: Double?)
        /// An answer without content.
        case empty
        /// A failure that a retry can't fix.
        case final
    }

    enum Action: Sendable, Equatable {
        case again(after: Duration)
        case giveUp
    }

    /// The longest pause, in seconds, whatever the server asks for.
    static let longestDelay = 60.0

    let retries: Int
    let firstDelay: Double
    let longestDelay: Double
    private(set) var failures = 0
    private var emptyAnswers = 0

    init(retries: Int, firstDelay: Double = 0.5, longestDelay: Double = longestDelay) {
        self.retries = max(0, retries)
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
    }

    /// - Parameter jitter: a random number from 0 to 1, so that requests that failed together aren't retried together.
    mutating func failed(_ failure: Failure, jitter: Double) -> Action {
        failures += 1
        guard failures <= retries else { return .giveUp }
        let asked: Double?
        switch failure {
        case .final: return .giveUp
        case .connection: asked = nil
        case .empty:
            // A server in trouble does that occasionally; one that does it again has nothing to say.
            emptyAnswers += 1
            guard emptyAnswers == 1 else { return .giveUp }
            asked = nil
        case .status(let status, let retryAfter):
            guard InferenceError.mayPass(status) else { return .giveUp }
            asked = retryAfter
        }
        let backoff = min(longestDelay, firstDelay * pow(2, Double(failures - 1))) * (0.5 + jitter / 2)
        return .again(after: .seconds(min(longestDelay, max(0, asked ?? backoff))))
    }
}
