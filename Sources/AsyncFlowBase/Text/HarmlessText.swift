extension String {
    /// Returns the text on one line, without anything that makes a terminal or a reader act: control characters, escape
    /// sequences, line breaks, and marks that change the direction of text. Each scalar is examined, so that a
    /// combining mark after a control character hides nothing.
    ///
    /// - Parameter unicode: whether the reader shows more than ASCII. If it doesn't, other characters become `?`.
    package func harmless(unicode: Bool = true) -> String {
        if utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return self }
        var result = ""
        for character in self {
            if !unicode, !character.isASCII {
                result.append("?")
            } else if character == "\r\n" {
                result.append(" ")
            } else {
                for scalar in character.unicodeScalars {
                    if let shown = Self.harmless(scalar) { result.unicodeScalars.append(shown) }
                }
            }
        }
        return result
    }

    /// Returns the text with `\n` as its line breaks, with each of its lines made ``harmless(unicode:)``.
    package func harmlessLines(unicode: Bool = true) -> String {
        // Split by bytes: "\r\n" is one character, which a search for "\n" doesn't find.
        utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { line in
                var line = String(Substring(line))
                if line.utf8.last == UInt8(ascii: "\r") { line.unicodeScalars.removeLast() }
                return line.harmless(unicode: unicode)
            }
            .joined(separator: "\n")
    }

    private static func harmless(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        switch scalar {
        case "\n", "\r", "\t", "\u{2028}", "\u{2029}", "\u{85}": return " "
        case "\u{200C}", "\u{200D}": return scalar  // join what belongs together, in scripts and emoji
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control: return scalar.value < 0x80 ? "?" : "\u{FFFD}"
        case .format: return (0xE0020...0xE007F).contains(scalar.value) ? scalar : nil  // the tags of flags
        case .unassigned, .privateUse: return "\u{FFFD}"
        default: return scalar
        }
    }
}
