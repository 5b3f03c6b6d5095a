/// Decides which requests may be sent: at most so many at once, in any minute so many requests and tokens, and so many
/// tokens in all.
///
/// Those with a higher priority go first, among equals those that came first. The first one isn't overtaken by smaller ones.
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

    static let window = 60.0
    let limits: InferenceLimits
    private var waiting = Backlog()
    private var sent = SentRequests()
    /// What those that are under way were guessed to take.
    private var guesses: [Int: Int] = [:]
    private var guessedTokens = 0
    /// What those that have ended took in all.
    private(set) var usedTokens = 0

    init(_ limits: InferenceLimits) { self.limits = limits }

    var running: Int { guesses.count }

    /// - Parameters:
    ///   - tokens: about how many it will take.
    ///   - priority: the higher, the earlier.
    mutating func arrived(_ id: Int, tokens: Int, priority: Int = 0) {
        waiting.append(id, tokens: max(0, tokens), priority: priority)
    }

    /// - Returns: whether it waited; otherwise it may go already, or has gone.
    mutating func gaveUp(_ id: Int) -> Bool { waiting.remove(id) }

    /// - Parameter tokens: how many it took in fact; nil if that isn't known, or it wasn't answered.
    mutating func ended(_ id: Int, tokens: Int?) {
        guard let guess = guesses.removeValue(forKey: id) else { return }
        guessedTokens -= guess
        usedTokens += tokens ?? 0
        if let tokens { sent.correct(id, tokens: tokens) }
    }

    /// What is to be done now; to be asked again after every other call, and at the time it says.
    mutating func step(now: Double) -> Step {
        let keepsTrack = limits.requestsPerMinute != nil || limits.tokensPerMinute != nil
        sent.forget(until: now - Self.window)
        var admitted: [Int] = []
        while let first = waiting.first(), running < limits.concurrentRequests ?? .max, fits(first.tokens) {
            switch budget(for: first.tokens) {
            case .enough: break
            case .perhaps: return admitted.isEmpty ? .idle : .admit(admitted)
            case .exhausted:
                if !admitted.isEmpty { return .admit(admitted) }
                waiting.removeFirst()
                return .refuse([first.id])
            }
            waiting.removeFirst()
            guesses[first.id] = first.tokens
            guessedTokens += first.tokens
            if keepsTrack { sent.append(first.id, tokens: first.tokens, at: now) }
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
        return sent.tokens + tokens <= most
    }

    private enum Budget { case enough, perhaps, exhausted }

    private func budget(for tokens: Int) -> Budget {
        guard let most = limits.totalTokens else { return .enough }
        if usedTokens + guessedTokens + tokens <= most { return .enough }
        // Those under way may take less than was guessed.
        return guessedTokens > 0 && usedTokens + tokens <= most ? .perhaps : .exhausted
    }
}
