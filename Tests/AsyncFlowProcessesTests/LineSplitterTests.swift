import TestSupport
import Testing

@testable import AsyncFlowProcesses

@Suite("Output cut into lines")
struct LineSplitterTests {
    static func lines(_ pieces: [[UInt8]], isInLine: Bool = false) -> [String] {
        var splitter = LineSplitter(isInLine: isInLine)
        var lines: [String] = []
        for piece in pieces {
            piece.withUnsafeBytes { splitter.append($0) { lines.append($0) } }
        }
        splitter.finish { lines.append($0) }
        return lines
    }

    @Test(
        "lines end with a newline, with or without a carriage return, or with the output",
        arguments: [
            ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\nb", ["a", "b"]), ("a\r\nb\r\n", ["a", "b"]),
            ("\n\na\n", ["", "", "a"]), ("a\rb\n", ["a\rb"]), ("å\nß\n", ["å", "ß"]),
        ])
    func ends(text: String, lines: [String]) {
        #expect(Self.lines([Array(text.utf8)]) == lines)
        #expect(Self.lines(text.utf8.map { [$0] }) == lines, "byte by byte")
    }

    @Test("what isn't UTF-8 is repaired")
    func repaired() {
        #expect(Self.lines([[0xFF, 0x61, 0x0A]]) == ["\u{FFFD}a"])
    }

    @Test("a line that began unseen is passed over")
    func inLine() {
        #expect(Self.lines([Array("rest\nwhole\n".utf8)], isInLine: true) == ["whole"])
        #expect(Self.lines([Array("re".utf8), Array("st".utf8), Array("\nwhole".utf8)], isInLine: true) == ["whole"])
    }

    @Test("a line that is too long comes in parts, however it arrives")
    func tooLong() {
        let long = [UInt8](repeating: 0x61, count: 2 * LineSplitter.longest + 3)
        for size in [1000, LineSplitter.longest, long.count + 1] {
            let pieces = stride(from: 0, to: long.count, by: size).map { Array(long[$0..<min($0 + size, long.count)]) }
            let lines = Self.lines(pieces + [[0x0A, 0x62, 0x0A]])
            #expect(lines.map(\.utf8.count) == [LineSplitter.longest, LineSplitter.longest, 3, 1], "pieces of \(size)")
        }
    }

    @Test("however output is cut, the lines are the same", arguments: Seeds.some(20))
    func random(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let bytes = (0..<2000).map { _ in
            random.chance(0.1) ? UInt8(0x0A) : UInt8.random(in: 0x20..<0x7F, using: &random)
        }
        let expected = Self.lines([bytes])
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let size = Int.random(in: 1...40, using: &random)
            pieces.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        #expect(Self.lines(pieces) == expected, "seed \(seed)")
    }
}
