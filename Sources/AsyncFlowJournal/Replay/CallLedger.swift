/// The calls that this run has made, and which recorded ones they have taken, as a pure state machine.
///
/// Equal calls are told apart by counting, within the blocks that they stand in. Their order doesn't matter: they are
/// interchangeable, and what depends on them is known by their values. So each call may take any recorded one that does
/// the same and that no other call has taken; the one that stood in the same place is only preferred.
struct CallLedger {
    /// Identities that are in use: of calls of this run, and of recorded ones that they have taken.
    private var taken = FingerprintTable()
    /// The next occurrence, for calls that were made more than once.
    private var occurrences: [UInt64: UInt64] = [:]

    /// The number of calls and recorded ones so far.
    var count: Int { taken.count }

    /// Gives a call its identity.
    ///
    /// - Parameter key: the call's key, quick names of files included.
    mutating func enter(_ key: CallKey, in scope: ScopeID) -> (call: CallID, occurrence: UInt64) {
        let first = CallDigest.call(key, in: scope, occurrence: 0)
        if taken.insert(first.low) { return (first, 0) }
        var occurrence = occurrences[first.low] ?? 1
        while true {
            let call = CallDigest.call(key, in: scope, occurrence: occurrence)
            occurrence += 1
            if taken.insert(call.low) {
                occurrences[first.low] = occurrence
                return (call, occurrence - 1)
            }
        }
    }

    /// Takes a recorded call.
    ///
    /// - Returns: whether no other call has taken it.
    mutating func take(_ call: CallID) -> Bool { taken.insert(call.low) }

    func isTaken(_ call: CallID) -> Bool { taken.contains(call.low) }
}
