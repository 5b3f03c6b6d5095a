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
    /// The calls of iterations that go on now: they are forgotten with them, so that an endless loop needs no more
    /// memory the longer it runs.
    private var iterations: [ScopeID: CallCounts] = [:]

    /// An iteration begins: its calls are counted by themselves.
    mutating func open(_ iteration: ScopeID) { iterations[iteration] = CallCounts() }

    /// An iteration has ended, and nothing is called in it any more.
    mutating func close(_ iteration: ScopeID) { iterations[iteration] = nil }

    /// The number of identities in use.
    var count: Int { taken.count }

    /// Assigns a call its identity.
    ///
    /// - Parameter key: The call's key, including the quick names of files.
    mutating func enter(_ key: CallKey, in scope: ScopeID) -> (call: CallID, occurrence: UInt64) {
        if !iterations.isEmpty, let counted = iterations[scope]?.enter(key, in: scope) { return counted }
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
    /// - Parameter scope: The scope of the call that takes it.
    /// - Returns: Whether no other call had taken it.
    mutating func take(_ call: CallID, for scope: ScopeID = .program) -> Bool {
        iterations[scope]?.take(call) ?? taken.insert(call.low)
    }

    func isTaken(_ call: CallID) -> Bool { taken.contains(call.low) }
}

/// The calls of one iteration of a loop.
struct CallCounts {
    private var taken = FingerprintTable()
    private var occurrences: [CallKey: UInt64] = [:]

    mutating func enter(_ key: CallKey, in scope: ScopeID) -> (call: CallID, occurrence: UInt64) {
        while true {
            let occurrence = occurrences[key, default: 0]
            occurrences[key] = occurrence + 1
            let call = CallDigest.call(key, in: scope, occurrence: occurrence)
            if taken.insert(call.low) { return (call, occurrence) }
        }
    }

    mutating func take(_ call: CallID) -> Bool { taken.insert(call.low) }
}
