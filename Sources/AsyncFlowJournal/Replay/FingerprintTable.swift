/// A compact set of 64-bit fingerprints: a table with open addressing, at most 7/8 full.
struct FingerprintTable {
    private var slots: [UInt64] = Array(repeating: 0, count: 16)
    /// Whether 0 is in the set; in the slots, 0 marks an empty one.
    private var hasZero = false
    private(set) var count = 0

    /// - Returns: Whether the fingerprint is new.
    @discardableResult
    mutating func insert(_ fingerprint: UInt64) -> Bool {
        guard fingerprint != 0 else {
            defer { hasZero = true }
            if !hasZero { count += 1 }
            return !hasZero
        }
        if count >= slots.count / 8 * 7 { grow() }
        guard Self.insert(fingerprint, into: &slots) else { return false }
        count += 1
        return true
    }

    func contains(_ fingerprint: UInt64) -> Bool {
        if fingerprint == 0 { return hasZero }
        let mask = slots.count - 1
        var at = Int(truncatingIfNeeded: fingerprint) & mask
        while slots[at] != 0 {
            if slots[at] == fingerprint { return true }
            at = (at + 1) & mask
        }
        return false
    }

    private mutating func grow() {
        var larger = Array(repeating: UInt64(0), count: slots.count * 2)
        for fingerprint in slots where fingerprint != 0 { _ = Self.insert(fingerprint, into: &larger) }
        slots = larger
    }

    private static func insert(_ fingerprint: UInt64, into slots: inout [UInt64]) -> Bool {
        let mask = slots.count - 1
        var at = Int(truncatingIfNeeded: fingerprint) & mask
        while slots[at] != 0 {
            if slots[at] == fingerprint { return false }
            at = (at + 1) & mask
        }
        slots[at] = fingerprint
        return true
    }
}
