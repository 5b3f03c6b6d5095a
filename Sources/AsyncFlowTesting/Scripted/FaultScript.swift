/// The sequence of a ``ScriptedBackend``'s faults, as determined by its seed; a pure state machine.
///
/// Each call consists of three events: its arrival, its beginning, and its result. They are counted over all calls.
struct FaultScript: Sendable {
    /// The delivery of a result.
    enum Delivery: Hashable {
        case now
        /// After this fraction of the longest delay.
        case late(Double)
        /// After the result of a later call, or when no other call is under way.
        case afterOthers
        case never
    }

    private let faults: ScriptedBackend.Faults
    private var state: UInt64
    /// The number of events so far.
    private(set) var eventCount = 0

    init(seed: UInt64, _ faults: ScriptedBackend.Faults) {
        self.faults = faults
        state = seed
    }

    /// Counts an event.
    ///
    /// - Returns: whether the backend crashes at it.
    mutating func crashesNow() -> Bool {
        eventCount += 1
        return faults.crashes.contains(eventCount)
    }

    /// Decides whether a start or a result is reported twice.
    mutating func tellsTwice() -> Bool { next() < faults.duplicates }

    /// Decides how the next result is delivered.
    mutating func delivery() -> Delivery {
        var chance = next()
        let part = next()
        for (share, delivery) in [
            (faults.drops, Delivery.never), (faults.delays, .late(part)), (faults.reorders, .afterOthers),
        ] {
            if chance < share { return delivery }
            chance -= share
        }
        return .now
    }

    /// Returns a number from 0 up to but not including 1. (Steele, Lea, Flood: Fast splittable pseudorandom number
    /// generators, 2014.)
    private mutating func next() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        return Double(z >> 11) / Double(1 << 53)
    }
}
