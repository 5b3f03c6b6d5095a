/// The key of a task in a run: a number for an id such as `task.000042`, a text for any other id.
package struct RunTaskKey: Hashable, Sendable {
    private let rawValue: UInt64

    private static let textFlag: UInt64 = 1 << 63
    private static let numberBits: UInt64 = 40

    /// Creates the key of an id `prefix.000042`, with at least six digits.
    package init(prefix: RunText, number: UInt64) {
        precondition(number < 1 << Self.numberBits && prefix.index < 1 << 23)
        rawValue = UInt64(prefix.index) << Self.numberBits | number
    }

    init(text: RunText) { rawValue = Self.textFlag | UInt64(text.index) }

    /// Creates the key of an id. One that isn't in the engine's form is kept as a text.
    init(_ id: UnsafeBufferPointer<UInt8>, in texts: inout TextTable) {
        var start = id.count
        var number: UInt64 = 0
        var scale: UInt64 = 1
        while start > 0, id.count - start < 12, id[start - 1] &- 0x30 < 10 {
            start -= 1
            number += UInt64(id[start] - 0x30) * scale
            scale *= 10
        }
        let digits = id.count - start
        guard digits >= 6, start >= 2, id[start - 1] == 0x2E, digits == 6 || id[start] != 0x30,
            number < 1 << Self.numberBits
        else {
            self.init(text: texts.intern(id))
            return
        }
        let prefix = texts.intern(UnsafeBufferPointer(rebasing: id[..<(start - 1)]))
        if prefix.index < 1 << 23 {
            self.init(prefix: prefix, number: number)
        } else {
            self.init(text: texts.intern(id))
        }
    }

    /// Returns the same id with the texts of another table.
    ///
    /// - Parameters:
    ///   - texts: the table that the key belongs to.
    ///   - translation: the texts of the other table, by the index of a text in this one.
    func translated(from texts: TextTable, by translation: [RunText], to other: inout TextTable) -> RunTaskKey {
        guard let number else { return RunTaskKey(text: translation[Int(UInt32(truncatingIfNeeded: rawValue))]) }
        let prefix = translation[Int(rawValue >> Self.numberBits)]
        if prefix.index < 1 << 23 { return RunTaskKey(prefix: prefix, number: number) }
        var id = id(in: texts)
        return id.withUTF8 { RunTaskKey($0, in: &other) }
    }

    /// The number of an id such as `task.000042`, whatever its prefix.
    package var number: UInt64? {
        rawValue & Self.textFlag == 0 ? rawValue & (1 << Self.numberBits - 1) : nil
    }

    func id(in texts: TextTable) -> String {
        guard let number else { return texts[RunText(index: UInt32(truncatingIfNeeded: rawValue))] }
        let digits = String(number)
        return texts[RunText(index: UInt32(rawValue >> Self.numberBits))] + "."
            + String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
    }
}

/// The map from keys to the places of tasks in the columns. Ids that count up, as an engine's do, need four bytes each.
struct TaskPlaces: Sendable {
    private static let free = UInt32.max
    private var byNumber: [UInt32] = []
    private var others: [RunTaskKey: UInt32] = [:]

    /// Returns the place of a task, or nil if it has none; `keys` are those of all places.
    func place(of key: RunTaskKey, keys: [RunTaskKey]) -> Int? {
        if let number = key.number, number < UInt64(byNumber.count), byNumber[Int(number)] != Self.free {
            let place = Int(byNumber[Int(number)])
            if keys[place] == key { return place }
        }
        return others.isEmpty ? nil : others[key].map(Int.init)
    }

    mutating func set(_ place: Int, of key: RunTaskKey) {
        // Numbers far above the count of tasks would make the table large and mostly empty.
        guard let number = key.number, number <= UInt64(4 * place + 1024) else {
            others[key] = UInt32(place)
            return
        }
        while number >= UInt64(byNumber.count) { byNumber.append(Self.free) }
        if byNumber[Int(number)] == Self.free {
            byNumber[Int(number)] = UInt32(place)
        } else {
            others[key] = UInt32(place)
        }
    }
}
