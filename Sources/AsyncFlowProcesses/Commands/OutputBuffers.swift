/// The last bytes of a stream of any length, in bounded memory.
package struct TailBuffer: Sendable {
    private var storage: [UInt8] = []
    private let limit: Int

    package init(limit: Int) {
        self.limit = limit
    }

    /// The bytes that are kept, at most `limit` of them.
    package var bytes: [UInt8] { Array(storage.suffix(limit)) }

    /// Appends bytes. The front is cut off only now and then, so that each byte is moved once or twice.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        storage.append(contentsOf: bytes)
        if storage.count > 4 * limit { storage.removeFirst(storage.count - limit) }
    }
}

/// Text decoding that never fails.
package enum OutputText {
    /// Returns bytes as text, with those that aren't UTF-8 replaced by `U+FFFD`.
    package static func decoded(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    /// Returns the end of a text: at most `limit` bytes, beginning with a whole character.
    package static func tail(of bytes: [UInt8], limit: Int) -> String {
        let isCut = bytes.count > limit
        let end = bytes.suffix(limit)
        let whole = isCut ? end.dropFirst(end.prefix(3).prefix { $0 & 0xC0 == 0x80 }.count) : end
        return String(decoding: whole, as: UTF8.self)
    }
}
