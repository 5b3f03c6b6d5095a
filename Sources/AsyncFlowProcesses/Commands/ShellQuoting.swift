/// Quoting of words so that a POSIX shell reads them back unchanged.
package enum ShellQuoting {
    /// Returns the word itself if it is harmless, otherwise in single quotes.
    package static func quoted(_ word: String) -> String {
        guard word.isEmpty || !word.utf8.allSatisfy(isHarmless) else { return word }
        var result = "'"
        // Scalars, since a quote followed by a combining mark is one Character that isn't "'".
        for scalar in word.unicodeScalars {
            if scalar == "'" { result += "'\\''" } else { result.unicodeScalars.append(scalar) }
        }
        return result + "'"
    }

    private static func isHarmless(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            "_@%+=:,./-".utf8.contains(byte)
        }
    }
}
