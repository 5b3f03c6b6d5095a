/// The SHA-256 of an object's content.
package struct ObjectID: Hashable, Sendable, CustomStringConvertible {
    package var words: (UInt64, UInt64, UInt64, UInt64)

    /// - Parameter bytes: 32 bytes; missing ones are zero.
    package init(bytes: some Sequence<UInt8>) {
        words = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { words in
            for (at, byte) in bytes.prefix(32).enumerated() { words[at] = byte }
        }
    }

    package var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

    /// The digest as 64 hexadecimal digits, in the form that `sha256sum` prints.
    package var description: String { HexText.digits(bytes) }

    package static func == (one: ObjectID, other: ObjectID) -> Bool { one.words == other.words }
    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}
