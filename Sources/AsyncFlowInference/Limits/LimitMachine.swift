import AsyncFlowBase

/// Decides which requests may be sent: at most so many at once, in any minute so many requests and tokens, and so many
/// tokens in all.
///
/// Those with a higher priority go first, among equals those that came first. The first one isn't overtaken by smaller
/// ones.
///
/// Before a request is sent its tokens are reserved: those of the prompt, and those of the answer, as many as it may
/// take or, if nothing limits it, as many as such answers took on average so far.
struct LimitMachine: Sendable {
    enum Step: Sendable, Equatable {
        /// Nothing to do before a request comes or ends.
        case idle
        /// These may go now.
        case admit([Int])
        /// These may never go: the budget doesn't allow so many more tokens.
        case refuse([Int])
        /// Nothing to do before this time, in seconds.
        case wait(until: Double)
    }

    private struct Reservation {
        let tokens: Int
        /// Whether nothing but experience says how long the answer becomes.
        let isEstimated: Bool
    }

    static let window = 60.0
    /// The tokens that an answer is expected to take before any was seen.
    static let firstExpectation = 1024
    /// The part of the average that each answer makes.
    private static let weight = 0.125

    let limits: InferenceLimits
    private var waiting = Backlog()
    private var sent = SentRequests()
    /// Of those that are under way.
    private var reservations: [Int: Reservation] = [:]
    private var reservedTokens = 0
    /// The average length of answers that nothing limited; nil before the first.
    private var averageAnswer: Double?
    /// The tokens that those that have ended took in all.
    private(set) var usedTokens = 0

    init(_ limits: InferenceLimits) { self.limits = limits }

    var running: Int { reservations.count }

    /// The tokens that a request is expected to take.
    func expected(_ guess: TokenGuess) -> Int {
        guess.prompt
            + (guess.answer ?? averageAnswer.map { Int(saturating: $0.rounded(.up)) } ?? Self.firstExpectation)
    }

    /// - Parameters:
    ///   - guess: the tokens that it will take.
    ///   - priority: the higher, the earlier.
    mutating func arrived(_ id: Int, _ guess: TokenGuess, priority: Int = 0) {
        waiting.append(id, guess, priority: priority)
    }

    /// - Returns: whether it waited; otherwise it may go already, or has gone.
    mutating func gaveUp(_ id: Int) -> Bool { waiting.remove(id) }

    /// - Parameter count: the tokens that it took; nil if it wasn't answered.
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

    /// The next thing to be done; to be asked again after every other call, and at the time it says.
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
        // What is more than a whole minute's tokens goes alone.
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
        // As long as nothing is known of answers, one goes alone and gets all that is left.
        let isUnknown = guess.answer == nil && averageAnswer == nil
        let least = isUnknown ? guess.prompt : expected
        if isUnknown, reservedTokens == 0, taken.addingSaturated(least) <= most {
            return .enough(reserved: most - taken)
        }
        // Those under way may take less than is reserved for them.
        return reservedTokens > 0 && usedTokens.addingSaturated(least) <= most ? .perhaps : .exhausted
    }
}
