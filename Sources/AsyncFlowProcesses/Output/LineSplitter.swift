/// A splitter of output, cut into pieces at any place, into lines; a pure state machine.
///
/// A line longer than ``longest`` bytes is delivered in parts of about that length, cut between characters, so that
/// output without line breaks needs no more memory than that.
package struct LineSplitter: Sendable {
    package static let longest = 64 << 10
    private static let newline = UInt8(ascii: "\n")

    /// A line, or a part of one.
    package struct Part: Hashable {
        package var text: String
        /// Whether it continues the part before.
        var isContinuation: Bool
        /// Whether it continues in the next part.
        var isContinued: Bool
    }

    private var rest: [UInt8] = []
    /// Whether a part of the line has been delivered.
    private var isInParts = false
    /// Whether the bytes up to the next line break are the rest of a line whose beginning was missed.
    private var skipsLine: Bool

    /// - Parameter isInLine: whether a line has begun whose first bytes are already lost.
    package init(isInLine: Bool = false) { skipsLine = isInLine }

    /// Appends the next piece.
    ///
    /// - Parameter line: called for each line that is now complete.
    package mutating func append(_ bytes: UnsafeRawBufferPointer, _ line: (String) -> Void) {
        appendParts(bytes) { line($0.text) }
    }

    /// Appends the next piece.
    ///
    /// - Parameter line: called for each line, or part of a line, that is now complete.
    mutating func appendParts(_ bytes: UnsafeRawBufferPointer, _ line: (Part) -> Void) {
        var bytes = bytes[...]
        while !bytes.isEmpty {
            let end = bytes.firstIndex(of: Self.newline)
            let part = bytes[..<(end ?? bytes.endIndex)]
            bytes = bytes[(end.map { $0 + 1 } ?? bytes.endIndex)...]
            if skipsLine {
                skipsLine = end == nil
            } else if rest.isEmpty, end != nil, part.count <= Self.longest {
                line(ending(part))
            } else {
                append(part, isLast: end != nil, line)
            }
        }
    }

    private mutating func append(_ part: Slice<UnsafeRawBufferPointer>, isLast: Bool, _ line: (Part) -> Void) {
        var part = part
        while rest.count + part.count > Self.longest {
            let room = max(0, Self.longest - rest.count)
            rest.append(contentsOf: part.prefix(room))
            part = part.dropFirst(room)
            let whole = rest.count - Self.countOfUnfinished(rest)
            line(
                Part(
                    text: String(decoding: rest[..<whole], as: UTF8.self), isContinuation: isInParts, isContinued: true)
            )
            rest.removeFirst(whole)
            isInParts = true
        }
        rest.append(contentsOf: part)
        guard isLast else { return }
        line(ending(rest))
        rest.removeAll(keepingCapacity: true)
    }

    /// Ends the output: the rest is a line without a line break.
    package mutating func finish(_ line: (String) -> Void) {
        if !rest.isEmpty { line(ending(rest).text) }
        rest = []
    }

    /// Returns the last part of a line, or a whole line.
    private mutating func ending(_ bytes: some BidirectionalCollection<UInt8>) -> Part {
        defer { isInParts = false }
        let text = String(decoding: bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes[...], as: UTF8.self)
        return Part(text: text, isContinuation: isInParts, isContinued: false)
    }

    /// Returns the number of bytes at the end that may belong to the next piece: an incomplete character, or half of a
    /// line break.
    private static func countOfUnfinished(_ bytes: [UInt8]) -> Int {
        if bytes.last == UInt8(ascii: "\r") { return 1 }
        for (index, byte) in bytes.suffix(3).reversed().enumerated() where byte & 0xC0 != 0x80 {
            let length = byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
            return length > index + 1 ? index + 1 : 0
        }
        return 0
    }
}
