/// Decides what becomes of a call that the journal knows something about. Pure.
struct ReplayRule: Sendable {
    /// The reason for which a call runs although the journal has an outcome.
    enum Reason: Sendable, Hashable {
        /// The journal knows nothing of it.
        case new
        /// It failed, or was cancelled, when it last ran.
        case failed
        /// It was asked for.
        case rerun
        /// The value can't be decoded any more.
        case undecodable(String)
        /// A file that it had made isn't as it was.
        case changedOutput(String)
        /// The value is gone from the object store.
        case lostValue(String)
        /// Another build of the program runs, and the call is a block, whose members may have changed.
        case rebuilt
        /// It was running when the last run was interrupted.
        case interrupted
    }

    enum Answer: Sendable, Hashable {
        case reuse
        case run(Reason)
        /// It was running at so many crashes in a row.
        case refuse(crashes: Int)
        /// It was begun and not ended, and must not be begun twice.
        case unsettled
    }

    /// What is known of a call.
    struct Knowledge: Sendable {
        enum Outcome: Sendable { case none, value, failure }
        var outcome = Outcome.none
        /// Whether the recorded outcome is of a block, by another build of the program.
        var isOfOtherBuild = false
        /// At how many crashes in a row it was running.
        var crashes = 0
        /// Whether it was begun and hasn't ended.
        var isBegun = false
        /// Whether its task was asked to run again.
        var isForgotten = false
    }

    /// The crashes after which a call isn't started again.
    var crashLimit = 3

    func answer(_ known: Knowledge, isOnce: Bool) -> Answer {
        if known.isForgotten { return .run(.rerun) }
        switch known.outcome {
        case .value: return known.isOfOtherBuild ? .run(.rebuilt) : .reuse
        case .failure, .none: break
        }
        if isOnce, known.isBegun, known.outcome == .none { return .unsettled }
        if known.crashes >= crashLimit { return .refuse(crashes: known.crashes) }
        if known.outcome == .failure { return .run(.failed) }
        return .run(known.crashes > 0 || known.isBegun ? .interrupted : .new)
    }
}
