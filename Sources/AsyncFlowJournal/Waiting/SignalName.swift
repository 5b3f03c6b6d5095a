import AsyncFlowBase

/// The names of signals, and of the files that carry their messages: `NAME.ID.json`.
package enum SignalName {
    private static let maximumLength = 100
    private static let ending = ".json"

    /// Returns the problem with a name, as a sentence; nil if there is none.
    package static func problem(_ name: String) -> String? {
        let isAllowed = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        if !name.isEmpty, name.utf8.count <= maximumLength, isAllowed, name.utf8.first != UInt8(ascii: ".") {
            return nil
        }
        return "'\(DisplayText.shortened(name.harmless(), to: 60))' can't be the name of a signal: it takes 1 to "
            + "\(maximumLength) of the letters a to z and A to Z, digits, '_', '-' and '.', and no '.' at the beginning"
    }

    /// The name of a new file for a message: of those that come within one step of a file system's clock the earlier
    /// one is sorted first.
    static func newFile(for name: String) -> String {
        let time = UInt64(bitPattern: JournalTime.now).bigEndian.littleEndianBytes
        return "\(name).\(HexText.digits(time + UInt64.random(in: 0 ... .max).littleEndianBytes))\(ending)"
    }

    /// The name of the signal that a file carries a message for; nil if it is no such file.
    static func signal(of file: String) -> String? {
        guard file.hasSuffix(ending) else { return nil }
        let stem = file.dropLast(ending.count)
        guard let dot = stem.lastIndex(of: "."), stem.index(after: dot) < stem.endIndex else { return nil }
        let name = String(stem[..<dot])
        return problem(name) == nil ? name : nil
    }

    /// The identity of the message in a file: the same file twice is one message.
    static func message(in file: String) -> ShortDigest { CallDigest.of(Array(file.utf8)) }
}
