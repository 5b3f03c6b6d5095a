/// An index of the records that count for calls, in 24 bytes per call: an open hash table of positions in two arrays.
///
/// Calls are distinguished by 64 bits of their identities. Two calls that share these bits hide each other's records.
/// The reader of a record notices this, and it costs a repetition.
struct CallIndex {
    /// The location of a record: a region, an offset in it, and the kind of outcome.
    struct Location: Equatable {
        var word: UInt64

        init(region: Int, offset: Int, outcome: Outcome) {
            word = UInt64(region) << 26 | UInt64(offset) << 2 | UInt64(outcome.rawValue)
        }

        static let dropped = Location(word: .max)
        private init(word: UInt64) { self.word = word }

        var region: Int { Int(word >> 26) }
        var offset: Int { Int(word >> 2 & 0xFF_FFFF) }
        func isAt(_ place: JournalContents.Place) -> Bool { region == place.region && offset == place.offset }
        var outcome: Outcome { Outcome(rawValue: UInt8(word & 3)) ?? .cancelled }
    }

    enum Outcome: UInt8 {
        case result, failure, cancelled
    }

    private(set) var marks: [UInt64] = []
    private(set) var locations: [Location] = []
    /// Positions in the arrays, plus one; 0 in an empty slot.
    private var slots: [UInt32] = []
    private var shift: UInt64 = 64
    /// A random seed, so that an attacker can't construct calls that share a slot.
    private let seed = UInt64.random(in: 0 ... .max)
    /// The position of the first entry of the run that is being read.
    private var runStart = 0
    /// The number of calls that can be found.
    private(set) var count = 0

    mutating func beginRun() { runStart = locations.count }

    private func mark(of call: CallID) -> UInt64 {
        let word = (call.low ^ seed) &* 0x9E37_79B9_7F4A_7C15
        return (word ^ word >> 32) &+ call.high
    }

    private func slot(of mark: UInt64) -> Int { Int(truncatingIfNeeded: (mark &* 0xD6E8_FEB8_6659_FD93) >> shift) }

    /// Adds an outcome of a call.
    ///
    /// The outcome of the newest run counts. Within a run the first one counts, except that a value takes precedence
    /// over a failure.
    mutating func insert(_ call: CallID, at location: Location) {
        guard locations.count < Int(UInt32.max) - 1 else { return }
        if locations.count * 2 >= slots.count { grow() }
        let mark = mark(of: call)
        var slot = slot(of: mark)
        while slots[slot] != 0 {
            let entry = Int(slots[slot]) - 1
            if marks[entry] == mark {
                if locations[entry] == .dropped {
                    // Forgotten, and recorded again.
                    count += 1
                } else if entry >= runStart, locations[entry].outcome.rawValue <= location.outcome.rawValue {
                    return
                }
                locations[entry] = .dropped
                append(mark, location, in: slot)
                return
            }
            slot = slot + 1 == slots.count ? 0 : slot + 1
        }
        count += 1
        append(mark, location, in: slot)
    }

    private mutating func append(_ mark: UInt64, _ location: Location, in slot: Int) {
        marks.append(mark)
        locations.append(location)
        slots[slot] = UInt32(locations.count)
    }

    private mutating func grow() {
        let size = max(1024, slots.count * 2)
        shift = UInt64(64 - size.trailingZeroBitCount)
        let old = slots
        slots = [UInt32](repeating: 0, count: size)
        for entry in old where entry != 0 {
            var slot = slot(of: marks[Int(entry) - 1])
            while slots[slot] != 0 { slot = slot + 1 == size ? 0 : slot + 1 }
            slots[slot] = entry
        }
    }

    /// Returns the position of a call's entry; nil if there is none.
    func find(_ call: CallID) -> Int? {
        if slots.isEmpty { return nil }
        let mark = mark(of: call)
        var slot = slot(of: mark)
        while slots[slot] != 0 {
            let entry = Int(slots[slot]) - 1
            if marks[entry] == mark { return locations[entry] == .dropped ? nil : entry }
            slot = slot + 1 == slots.count ? 0 : slot + 1
        }
        return nil
    }

    /// Drops an entry, so that its call is no longer found.
    mutating func drop(_ entry: Int) {
        if locations[entry] == .dropped { return }
        locations[entry] = .dropped
        count -= 1
    }
}
