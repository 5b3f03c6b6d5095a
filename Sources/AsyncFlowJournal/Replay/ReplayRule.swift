/// The rule that decides whether a call is answered from the journal, runs, or is refused, as a pure value.
struct ReplayRule: Sendable {
    /// The reason why a call runs.
    enum Reason: Sendable, Hashable {
        /// The journal doesn't contain it.
        case new
        /// It failed or was cancelled when it last ran.
        case failed
        /// The user asked for it.
        case rerun
        /// The recorded value can't be decoded.
        case undecodable(String)
        /// A file that it made is missing or has changed.
        case changedOutput(String)
        /// The value is missing in the object store.
        case lostValue(String)
        /// The call is a block that another build of the program recorded; its members may have changed.
        case rebuilt
        /// It was running when the last run was interrupted.
        case interrupted
    }

    enum Answer: Sendable, Hashable {
        case reuse
        case run(Reason)
        /// The call was running at this number of crashes in a row.
        case refuse(crashes: Int)
        /// The call was started and hasn't ended, and must not be started twice.
        case unsettled
        /// The same, but it may still run elsewhere, or have ended there: it is looked for.
        case find
    }

    /// The journal's knowledge about a call.
    struct Knowledge: Sendable {
        enum Outcome: Sendable { case none, value, failure }
        var outcome = Outcome.none
        /// Whether the recorded outcome is that of a block, by another build of the program.
        var isOfOtherBuild = false
        /// The number of crashes in a row at which it was running.
        var crashes = 0
        /// Whether it was started after its last known outcome and hasn't ended.
        var isBegun = false
        /// Whether it may still run elsewhere.
        var isTraced = false
        /// Whether the user asked for its task to run again.
        var isForgotten = false
    }

    /// The number of crashes after which a call isn't started again.
    var crashLimit = 3

    func answer(_ known: Knowledge, isOnce: Bool) -> Answer {
        if known.isForgotten { return .run(.rerun) }
        switch known.outcome {
        case .value: return known.isOfOtherBuild ? .run(.rebuilt) : .reuse
        case .failure, .none: break
        }
        if isOnce, known.isBegun { return known.isTraced ? .find : .unsettled }
        if known.crashes >= crashLimit { return .refuse(crashes: known.crashes) }
        if known.outcome == .failure { return .run(.failed) }
        return .run(known.crashes > 0 || known.isBegun ? .interrupted : .new)
    }
}
