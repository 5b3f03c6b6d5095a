/// Makes lines of pieces of output, however they are cut, as a pure state machine.
///
/// A line longer than ``longest`` bytes comes in parts of that length, so that output without line ends needs no more
/// memory than that.
package struct LineSplitter: Sendable {
    static let longest = 64 << 10
    private static let newline = UInt8(ascii: "\n")

    private var rest: [UInt8] = []
    /// Whether what comes up to the next line end is the rest of a line whose beginning nobody saw.
    private var skipsLine: Bool

    /// - Parameter isInLine: whether a line has begun of which the first bytes are already gone.
    package init(isInLine: Bool = false) { skipsLine = isInLine }

    /// Takes the next piece.
    ///
    /// - Parameter line: called for each line that is complete now.
    package mutating func append(_ bytes: UnsafeRawBufferPointer, _ line: (String) -> Void) {
        var bytes = bytes[...]
        while !bytes.isEmpty {
            let end = bytes.firstIndex(of: Self.newline)
            let part = bytes[..<(end ?? bytes.endIndex)]
            bytes = bytes[(end.map { $0 + 1 } ?? bytes.endIndex)...]
            if skipsLine {
                skipsLine = end == nil
            } else if rest.isEmpty, end != nil, part.count <= Self.longest {
                line(Self.text(part))
            } else {
                append(part, isLast: end != nil, line)
            }
        }
    }

    private mutating func append(
        _ part: Slice<UnsafeRawBufferPointer>, isLast: Bool, _ line: (String) -> Void
    ) {
        var part = part
        while rest.count + part.count > Self.longest {
            let room = Self.longest - rest.count
            rest.append(contentsOf: part.prefix(room))
            part = part.dropFirst(room)
            line(Self.text(rest))
            rest.removeAll(keepingCapacity: true)
        }
        rest.append(contentsOf: part)
        guard isLast else { return }
        line(Self.text(rest))
        rest.removeAll(keepingCapacity: true)
    }

    /// There is no more: what is left is a line that has no end.
    package mutating func finish(_ line: (String) -> Void) {
        if !rest.isEmpty { line(Self.text(rest)) }
        rest = []
    }

    private static func text(_ line: some BidirectionalCollection<UInt8>) -> String {
        String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line[...], as: UTF8.self)
    }
}
