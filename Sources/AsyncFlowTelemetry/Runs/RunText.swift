/// A number that stands for a text in one ``RunModel``, such as the name of a task.
package struct RunText: Hashable, Sendable {
    package let index: UInt32

    /// The empty text, which stands for "not known".
    package static let none = RunText(index: 0)
}

/// A table that stores every text once. A text that a million tasks share costs each of them four bytes.
package struct TextTable: Sendable {
    /// The limit at which texts are cut; a name of a megabyte is of no use in a report.
    static let longest = 16 << 10
    /// The limit on the bytes of all texts together; later ones become `…`.
    static let capacity = 1 << 30

    private var bytes: [UInt8] = []
    private var ends: [UInt32] = [0]
    /// The hash table, with open addressing; 0 is a free slot (the empty text is never looked up).
    private var slots = [UInt32](repeating: 0, count: 256)
    private let seed = UInt64.random(in: 1...(.max)) | 1

    package init() {}

    package subscript(text: RunText) -> String {
        text == .none ? "" : withBytes(of: text) { String(decoding: $0, as: UTF8.self) }
    }

    package func withBytes<R>(of text: RunText, _ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R {
        let index = Int(text.index)
        let start = index == 0 ? 0 : Int(ends[index - 1])
        let end = Int(ends[index])
        return try bytes.withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[start..<end])) }
    }

    /// Returns the counterpart of each text of this table in another one, by index; texts that it lacks are added to
    /// it.
    func translation(into other: inout TextTable) -> [RunText] {
        var result = [RunText.none]
        result.reserveCapacity(ends.count)
        for index in 1..<max(1, ends.count) {
            result.append(withBytes(of: RunText(index: UInt32(index))) { other.intern($0) })
        }
        return result
    }

    package mutating func intern(_ string: String) -> RunText {
        var string = string
        return string.withUTF8 { intern($0) }
    }

    package mutating func intern(_ given: UnsafeBufferPointer<UInt8>) -> RunText {
        guard given.count > 0 else { return .none }
        let text = given.count <= Self.longest ? given : UnsafeBufferPointer(rebasing: given[..<Self.end(in: given)])
        var slot = Int(truncatingIfNeeded: hash(text)) & (slots.count - 1)
        while slots[slot] != 0 {
            let candidate = RunText(index: slots[slot])
            if equals(candidate, text) { return candidate }
            slot = (slot + 1) & (slots.count - 1)
        }
        // Everything that reports write is UTF-8, so invalid text in a recording is repaired when it first appears.
        if !Self.isUTF8(text) { return intern(String(decoding: text, as: UTF8.self)) }
        if text.count > 3, bytes.count + text.count > Self.capacity { return intern("…") }
        bytes.append(contentsOf: text)
        ends.append(UInt32(bytes.count))
        slots[slot] = UInt32(ends.count - 1)
        let result = RunText(index: slots[slot])
        if ends.count * 2 > slots.count { grow() }
        return result
    }

    private static func isUTF8(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        text.allSatisfy { $0 < 0x80 } || String(validating: text, as: UTF8.self) != nil
    }

    /// Returns the place to cut a text that is too long, so that no character is cut.
    private static func end(in text: UnsafeBufferPointer<UInt8>) -> Int {
        var end = longest
        while end > longest - 4, text[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        for index in 1..<ends.count {
            var slot = withBytes(of: RunText(index: UInt32(index))) { Int(truncatingIfNeeded: hash($0)) }
            slot &= slots.count - 1
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(index)
        }
    }

    private func equals(_ text: RunText, _ other: UnsafeBufferPointer<UInt8>) -> Bool {
        let index = Int(text.index)
        let start = Int(ends[index - 1])
        guard Int(ends[index]) - start == other.count else { return false }
        for offset in 0..<other.count where bytes[start + offset] != other[offset] { return false }
        return true
    }

    /// Hashes a text. The seed is random, so that no file can be crafted whose texts all share a slot.
    private func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash = seed
        for byte in text { hash = (hash ^ UInt64(byte)) &* 0x9E37_79B9_7F4A_7C15 }
        return hash ^ (hash >> 32)
    }
}
