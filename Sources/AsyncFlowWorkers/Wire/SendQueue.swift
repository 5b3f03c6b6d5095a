/// The bytes to be written, in order: small messages together, and large ones as they are, without being copied.
struct SendQueue {
    /// The number of bytes from which the content of a message isn't copied.
    static let largeContent = 32 << 10

    /// The parts that precede ``bytes``.
    private var parts: [ArraySlice<UInt8>] = []
    private var bytes: [UInt8] = []

    var isEmpty: Bool { parts.isEmpty && bytes.isEmpty }

    mutating func append(_ add: (inout [UInt8]) -> Void) { add(&bytes) }

    mutating func append(_ content: ArraySlice<UInt8>) {
        guard content.count >= Self.largeContent else {
            bytes.append(contentsOf: content)
            return
        }
        if !bytes.isEmpty { parts.append(bytes[...]) }
        bytes = []
        parts.append(content)
    }

    /// Removes the bytes to be written next; nil if there are none.
    mutating func takeNext() -> ArraySlice<UInt8>? {
        if !parts.isEmpty { return parts.removeFirst() }
        guard !bytes.isEmpty else { return nil }
        let next = bytes
        bytes = []
        if next.count < 1 << 20 { bytes.reserveCapacity(next.count) }
        return next[...]
    }

    /// Puts back bytes for which there was no room.
    mutating func putBack(_ rest: ArraySlice<UInt8>) { parts.insert(rest, at: 0) }
}

extension ArraySlice<UInt8> {
    /// The same bytes, without the others that arrived with them. Large ones arrived alone.
    var standalone: ArraySlice<UInt8> { count < SendQueue.largeContent ? Array(self)[...] : self }
}
