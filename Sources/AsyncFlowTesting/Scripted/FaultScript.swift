/// The faults of a ``ScriptedBackend``, one after the other as its seed has them, as a pure state machine.
///
/// Each call is three events: it arrives, it begins, and its result is there. They are counted over all calls.
struct FaultScript: Sendable {
    /// What becomes of a result.
    enum Delivery: Hashable {
        case now
        /// After this part of the longest delay.
        case late(Double)
        /// After that of a later call, or when no other call is under way.
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

    /// Decides whether a start or a result is told twice.
    mutating func tellsTwice() -> Bool { next() < faults.duplicates }

    /// Decides what becomes of the next result.
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

    /// From 0 up to but not including 1. (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014.)
    private mutating func next() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        return Double(z >> 11) / Double(1 << 53)
    }
}
