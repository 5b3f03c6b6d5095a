/// Measuring text in columns of a terminal, and fitting it to a number of columns.
package enum DisplayText {
    /// Returns the number of columns of a text. Everything that a terminal draws as one character counts once: an emoji
    /// made of several scalars is two columns wide, a letter with combining marks as wide as the letter.
    package static func width(of text: String) -> Int { text.reduce(0) { $0 + width(of: $1) } }

    package static func width(of character: Character) -> Int {
        let scalars = character.unicodeScalars
        guard let first = scalars.first else { return 0 }
        if scalars.count > 1 {
            // A sequence that requests an emoji, or a flag.
            if scalars.contains("\u{FE0F}"), first.properties.isEmoji { return 2 }
            if (0x1F1E6...0x1F1FF).contains(first.value) { return 2 }
        }
        return width(of: first)
    }

    private static func width(of scalar: Unicode.Scalar) -> Int {
        let value = scalar.value
        if (0x20..<0x7F).contains(value) { return 1 }
        switch scalar.properties.generalCategory {
        case .control, .nonspacingMark, .enclosingMark, .format, .lineSeparator, .paragraphSeparator: return 0
        default: break
        }
        if (0x1160...0x11FF).contains(value) { return 0 }  // vowels and finals that join the syllable before
        if scalar.properties.isEmojiPresentation || wide.contains(where: { $0.contains(value) }) { return 2 }
        return 1
    }

    /// The blocks of Unicode's EastAsianWidth.txt that are W or F; the standard library knows the emoji.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0xA4CF,
        0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60,
        0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F2FF, 0x20000...0x3FFFD,
    ]

    /// Returns the text cut to at most this many columns, with a mark where something is missing.
    package static func shortened(_ text: String, to columns: Int, unicode: Bool = true) -> String {
        // Measuring all of a long text would be more than is needed.
        let start = String(text.prefix(columns * 2 + 2))
        if start.utf8.count == text.utf8.count, width(of: start) <= columns { return text }
        let mark = unicode ? "…" : "..."
        guard columns > mark.count else { return String(mark.prefix(max(0, columns))) }
        var result = ""
        var used = mark.count
        for character in start {
            used += width(of: character)
            if used > columns { break }
            result.append(character)
        }
        return result + mark
    }

    /// Returns the text padded to this many columns.
    package static func padded(_ text: String, to columns: Int, onTheLeft: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, columns - width(of: text)))
        return onTheLeft ? space + text : text + space
    }
}
