/// The calls that this run has made, and the recorded calls that they have taken, as a pure state machine.
///
/// Equal calls are distinguished by counting, within the blocks that contain them. Their order doesn't matter: they are
/// interchangeable, and the calls that depend on them are identified by their values. Therefore each call may take any
/// recorded call that does the same work and that no other call has taken; the one at the same position is only
/// preferred.
struct CallLedger {
    /// The identities that are in use: those of this run's calls, and of the recorded calls that they have taken.
    private var taken = FingerprintTable()
    /// The next occurrence number of calls that were made more than once.
    private var occurrences: [UInt64: UInt64] = [:]

    /// The number of identities in use.
    var count: Int { taken.count }

    /// Assigns a call its identity.
    ///
    /// - Parameter key: The call's key, including the quick names of files.
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
    /// - Returns: Whether no other call had taken it.
    mutating func take(_ call: CallID) -> Bool { taken.insert(call.low) }

    func isTaken(_ call: CallID) -> Bool { taken.contains(call.low) }
}
