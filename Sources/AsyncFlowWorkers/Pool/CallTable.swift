/// A value for each call, found without hashing: a call's number contains its place.
struct CallTable<Value> {
    private var entries: [(number: UInt64, value: Value)?] = []

    subscript(number: UInt64) -> Value? {
        get {
            let place = CallNumbers.place(of: number)
            guard place < entries.count, let entry = entries[place], entry.number == number else { return nil }
            return entry.value
        }
        set {
            let place = CallNumbers.place(of: number)
            while place >= entries.count { entries.append(nil) }
            if let newValue {
                entries[place] = (number, newValue)
            } else if entries[place]?.number == number {
                entries[place] = nil
            }
        }
    }

    mutating func removeValue(forKey number: UInt64) -> Value? {
        let place = CallNumbers.place(of: number)
        guard place < entries.count, entries[place]?.number == number else { return nil }
        return entries[place].take()?.value
    }

    var count: Int { entries.count { $0 != nil } }
}

/// The numbers of calls. Their places are reused; a number is reused only after four billion others.
struct CallNumbers {
    private var freePlaces: [UInt32] = []
    private var placeCount: UInt32 = 0
    private var turn: UInt32 = 0

    static func place(of number: UInt64) -> Int { Int(UInt32(truncatingIfNeeded: number)) }

    mutating func take() -> UInt64 {
        turn &+= 1
        if freePlaces.isEmpty {
            freePlaces.append(placeCount)
            placeCount += 1
        }
        return UInt64(turn) << 32 | UInt64(freePlaces.removeLast())
    }

    mutating func giveBack(_ number: UInt64) { freePlaces.append(UInt32(truncatingIfNeeded: number)) }
}
