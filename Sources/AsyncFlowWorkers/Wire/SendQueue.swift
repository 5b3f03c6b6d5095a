/// What is to be written, in order: small messages together, and what is large as it is, without being copied.
struct SendQueue {
    /// From how many bytes on the content of a message isn't copied behind its beginning.
    static let largeContent = 32 << 10

    /// What comes before ``bytes``.
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

    /// Takes what is to be written next; nil if there is nothing.
    mutating func takeNext() -> ArraySlice<UInt8>? {
        if !parts.isEmpty { return parts.removeFirst() }
        guard !bytes.isEmpty else { return nil }
        let next = bytes
        bytes = []
        if next.count < 1 << 20 { bytes.reserveCapacity(next.count) }
        return next[...]
    }

    /// There was no room for these.
    mutating func putBack(_ rest: ArraySlice<UInt8>) { parts.insert(rest, at: 0) }
}

extension ArraySlice<UInt8> {
    /// The same bytes, without all those that came with them. What is large came alone.
    var standalone: ArraySlice<UInt8> { count < SendQueue.largeContent ? Array(self)[...] : self }
}
