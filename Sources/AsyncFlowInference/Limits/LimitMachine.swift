import AsyncFlowBase

/// The pure state machine that decides which requests may be sent, within limits on concurrent requests, on requests
/// and tokens in any minute, and on tokens in all.
///
/// Requests with a higher priority go first, and equal ones in the order in which they came. Smaller requests don't
/// overtake the first one.
///
/// Before a request is sent, its tokens are reserved: those of the prompt, and those of the answer: its limit or,
/// without one, the average of such answers so far.
struct LimitMachine: Sendable {
    enum Step: Sendable, Equatable {
        /// Nothing is to be done before a request comes or ends.
        case idle
        /// These requests may be sent now.
        case admit([Int])
        /// These requests may never be sent, because the budget doesn't allow so many more tokens.
        case refuse([Int])
        /// Nothing is to be done before this time, in seconds.
        case wait(until: Double)
    }

    private struct Reservation {
        let tokens: Int
        /// Whether the length of the answer is only an estimate.
        let isEstimated: Bool
    }

    static let window = 60.0
    /// The tokens that an answer is expected to take before any was seen.
    static let firstExpectation = 1024
    /// The weight of each answer in the average.
    private static let weight = 0.125

    let limits: InferenceLimits
    private var waiting = Backlog()
    private var sent = SentRequests()
    /// The reservations of the requests in progress.
    private var reservations: [Int: Reservation] = [:]
    private var reservedTokens = 0
    /// The average length of answers without a limit; nil before the first.
    private var averageAnswer: Double?
    /// The total tokens of ended requests.
    private(set) var usedTokens = 0

    init(_ limits: InferenceLimits) { self.limits = limits }

    var running: Int { reservations.count }

    /// Returns the number of tokens that a request is expected to take.
    func expected(_ guess: TokenGuess) -> Int {
        guess.prompt
            + (guess.answer ?? averageAnswer.map { Int(saturating: $0.rounded(.up)) } ?? Self.firstExpectation)
    }

    /// - Parameters:
    ///   - guess: the estimated tokens.
    ///   - priority: the higher, the earlier.
    mutating func arrived(_ id: Int, _ guess: TokenGuess, priority: Int = 0) {
        waiting.append(id, guess, priority: priority)
    }

    /// - Returns: whether the request was waiting; otherwise it may already be sent.
    mutating func gaveUp(_ id: Int) -> Bool { waiting.remove(id) }

    /// - Parameter count: the tokens that the request took; nil if it wasn't answered.
    mutating func ended(_ id: Int, _ count: TokenCount?) {
        guard let reservation = reservations.removeValue(forKey: id) else { return }
        reservedTokens -= reservation.tokens
        guard let count else { return }
        usedTokens = usedTokens.addingSaturated(count.total)
        sent.correct(id, tokens: count.total)
        if reservation.isEstimated {
            let answer = Double(count.answer)
            averageAnswer = averageAnswer.map { $0 + (answer - $0) * Self.weight } ?? answer
        }
    }

    /// Returns the next step. Call it after every other call, and at the time that it returns.
    mutating func step(now: Double) -> Step {
        let keepsTrack = limits.requestsPerMinute != nil || limits.tokensPerMinute != nil
        sent.forget(until: now - Self.window)
        var admitted: [Int] = []
        while let first = waiting.first(), running < limits.concurrentRequests ?? .max, fits(expected(first.guess)) {
            let tokens: Int
            switch budget(for: first.guess) {
            case .enough(let reserved): tokens = reserved
            case .perhaps: return admitted.isEmpty ? .idle : .admit(admitted)
            case .exhausted:
                if !admitted.isEmpty { return .admit(admitted) }
                waiting.removeFirst()
                return .refuse([first.id])
            }
            waiting.removeFirst()
            reservations[first.id] = Reservation(tokens: tokens, isEstimated: first.guess.answer == nil)
            reservedTokens += tokens
            if keepsTrack { sent.append(first.id, tokens: tokens, at: now) }
            admitted.append(first.id)
        }
        if !admitted.isEmpty { return .admit(admitted) }
        guard !waiting.isEmpty, running < limits.concurrentRequests ?? .max, let oldest = sent.oldest else {
            return .idle
        }
        return .wait(until: oldest + Self.window)
    }

    private func fits(_ tokens: Int) -> Bool {
        if let most = limits.requestsPerMinute, sent.count >= most { return false }
        // A request larger than a whole minute's tokens is sent alone.
        guard let most = limits.tokensPerMinute, sent.count > 0 else { return true }
        return sent.tokens.addingSaturated(tokens) <= most
    }

    private enum Budget {
        case enough(reserved: Int)
        case perhaps
        case exhausted
    }

    private func budget(for guess: TokenGuess) -> Budget {
        let expected = expected(guess)
        guard let most = limits.totalTokens else { return .enough(reserved: expected) }
        let taken = usedTokens.addingSaturated(reservedTokens)
        if taken.addingSaturated(expected) <= most { return .enough(reserved: expected) }
        // As long as no answer has been seen, requests are sent one at a time, and each reserves the whole rest.
        let isUnknown = guess.answer == nil && averageAnswer == nil
        let least = isUnknown ? guess.prompt : expected
        if isUnknown, reservedTokens == 0, taken.addingSaturated(least) <= most {
            return .enough(reserved: most - taken)
        }
        // Requests in progress may take less than is reserved for them.
        return reservedTokens > 0 && usedTokens.addingSaturated(least) <= most ? .perhaps : .exhausted
    }
}
