/// Makes lines of pieces of output, however they are cut, as a pure state machine.
///
/// A line longer than ``longest`` bytes comes in parts of about that length, cut between characters, so that output
/// without line ends needs no more memory than that.
package struct LineSplitter: Sendable {
    static let longest = 64 << 10
    private static let newline = UInt8(ascii: "\n")

    /// A line, or a part of one.
    struct Part: Hashable {
        var text: String
        /// Whether it goes on from the part before.
        var isContinuation: Bool
        /// Whether it goes on in the next part.
        var isContinued: Bool
    }

    private var rest: [UInt8] = []
    /// Whether a part of the line was handed out.
    private var isInParts = false
    /// Whether what comes up to the next line end is the rest of a line whose beginning nobody saw.
    private var skipsLine: Bool

    /// - Parameter isInLine: whether a line has begun of which the first bytes are already gone.
    package init(isInLine: Bool = false) { skipsLine = isInLine }

    /// Takes the next piece.
    ///
    /// - Parameter line: called for each line that is complete now.
    package mutating func append(_ bytes: UnsafeRawBufferPointer, _ line: (String) -> Void) {
        appendParts(bytes) { line($0.text) }
    }

    /// Takes the next piece.
    ///
    /// - Parameter line: called for each line, or part of a line, that is complete now.
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

    /// There is no more: what is left is a line that has no end.
    package mutating func finish(_ line: (String) -> Void) {
        if !rest.isEmpty { line(ending(rest).text) }
        rest = []
    }

    /// The last part of a line, or a whole one.
    private mutating func ending(_ bytes: some BidirectionalCollection<UInt8>) -> Part {
        defer { isInParts = false }
        let text = String(decoding: bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes[...], as: UTF8.self)
        return Part(text: text, isContinuation: isInParts, isContinued: false)
    }

    /// How many bytes at the end may belong to what follows: a character that has begun, or half of a line end.
    private static func countOfUnfinished(_ bytes: [UInt8]) -> Int {
        if bytes.last == UInt8(ascii: "\r") { return 1 }
        for (index, byte) in bytes.suffix(3).reversed().enumerated() where byte & 0xC0 != 0x80 {
            let length = byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
            return length > index + 1 ? index + 1 : 0
        }
        return 0
    }
}
