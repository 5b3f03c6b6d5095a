extension [String] {
    /// The words of a command line with ``SecretRedactor/mark`` in place of everything that looks like a secret: the
    /// value of an option or variable whose name suggests one (`--token x`, `--api-key=x`, `PASSWORD=x`), text after
    /// `Bearer` or `Basic`, the password of `-u name:password`, and user info and query values of URLs. A word that is
    /// itself a script or JSON text is examined piece by piece.
    ///
    /// A secret that nothing names, such as a password without an option, can't be recognised.
    package var maskingSecrets: [String] {
        var expected = ExpectedSecret.none
        return map { CommandLineSecrets.masking($0, &expected) }
    }
}

/// The recognition of names, such as those of options and variables, whose values are secrets.
package enum SecretName {
    private static let parts = [
        "token", "password", "passwd", "passphrase", "secret", "apikey", "accesskey", "privatekey", "credential",
        "authorization", "bearer",
    ]
    /// Names that denote a secret only when they stand alone.
    private static let wholeNames: Set = ["auth", "pwd", "pass", "key", "pat"]
    /// Endings of names that give the place of a secret, or its length.
    private static let harmlessEndings = [
        "file", "path", "dir", "directory", "url", "name", "count", "limit", "length", "tokens",
    ]

    /// Returns whether a value of this name is a secret. Only the name's letters and digits count.
    package static func isSecret(_ name: some StringProtocol) -> Bool {
        let letters = name.lowercased().filter { $0.isLetter || $0.isNumber }
        if harmlessEndings.contains(where: letters.hasSuffix) { return false }
        return wholeNames.contains(letters) || parts.contains { letters.contains($0) }
    }
}

/// The part of the next word that is a secret because of the word before it.
private enum ExpectedSecret {
    case none, whole
    /// The text after the first colon.
    case password
}

/// The search for secrets in the words of a command line.
private enum CommandLineSecrets {
    static let mark = SecretRedactor.mark
    /// The maximum depth of nested scripts that are examined.
    private static let deepest = 4

    static func masking(_ word: String, _ expected: inout ExpectedSecret, depth: Int = 0) -> String {
        let before = expected
        expected = next(after: word)
        switch before {
        case .whole where !word.hasPrefix("--"): return mark
        case .password where word.utf8.contains(UInt8(ascii: ":")):
            return word[...word.utf8.firstIndex(of: UInt8(ascii: ":"))!] + mark
        case .none, .whole, .password: break
        }
        if let masked = maskingAssignment(word) ?? maskingHeader(word) { return masked }
        let shown = word.redactingURLSecrets
        guard depth < deepest, shown.utf8.contains(where: Self.separates) else { return shown }
        return maskingPieces(of: shown, depth)
    }

    /// Returns the part of the next word that is a secret because of this one.
    private static func next(after word: String) -> ExpectedSecret {
        if word == "-u" || word == "--user" { return .password }
        if word.hasPrefix("-"), !word.utf8.contains(UInt8(ascii: "=")), isName(word[...]) {
            return SecretName.isSecret(word) ? .whole : .none
        }
        // A header or an object's member that was split into words: Authorization: Bearer x
        if word.utf8.last == UInt8(ascii: ":"), word.utf8.count <= 100 {
            return SecretName.isSecret(word) ? .whole : .none
        }
        let isScheme = (5...6).contains(word.utf8.count) && ["basic", "bearer"].contains(word.lowercased())
        return isScheme ? .whole : .none
    }

    /// Masks the values of `--token=x` and `TOKEN=x`.
    private static func maskingAssignment(_ word: String) -> String? {
        guard let equals = word.utf8.firstIndex(of: UInt8(ascii: "=")), isName(word[..<equals]),
            SecretName.isSecret(word[..<equals])
        else { return nil }
        return word[...equals] + mark
    }

    /// Masks the values of `Authorization: Bearer x`, `X-Api-Key: x` and `"token":"x"`.
    private static func maskingHeader(_ word: String) -> String? {
        guard let colon = word.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let name = word[..<colon].trimming { $0 == "\"" || $0 == "'" || $0 == "\\" }
        guard isName(name), SecretName.isSecret(name) else { return nil }
        let value = word[word.index(after: colon)...].drop { $0 == " " }
        return value.isEmpty || value.hasPrefix("//") ? nil : word[...colon] + " " + mark
    }

    /// Masks the pieces of a script or of JSON text.
    private static func maskingPieces(of text: String, _ depth: Int) -> String {
        var result = ""
        var expected = ExpectedSecret.none
        var rest = text[...]
        while let first = rest.utf8.first {
            if separates(first), !isQuote(first) {
                result.unicodeScalars.append(rest.unicodeScalars.removeFirst())
                continue
            }
            let piece = firstPiece(of: rest)
            rest = rest[piece.endIndex...]
            let (opening, inner, closing) = unquoted(piece)
            result += opening + masking(String(inner), &expected, depth: depth + 1) + closing
        }
        return result
    }

    /// Returns the text up to a separator that isn't within quotes.
    private static func firstPiece(of text: Substring) -> Substring {
        var quote: UInt8?
        var isEscaped = false
        let end = text.utf8.indices.first { index in
            let byte = text.utf8[index]
            defer { isEscaped = !isEscaped && byte == UInt8(ascii: "\\") }
            if isEscaped { return false }
            if let open = quote {
                if byte == open { quote = nil }
                return false
            }
            if isQuote(byte) { quote = byte }
            return quote == nil && separates(byte)
        }
        return end.map { text[..<$0] } ?? text
    }

    /// Returns a piece without the quotes around it, if it consists of one quoted text.
    private static func unquoted(_ piece: Substring) -> (opening: Substring, inner: Substring, closing: Substring) {
        guard let first = piece.utf8.first, isQuote(first), piece.utf8.count >= 2, piece.utf8.last == first,
            !piece.utf8.dropFirst().dropLast().contains(first)
        else { return ("", piece, "") }
        return (piece.prefix(1), piece.dropFirst().dropLast(), piece.suffix(1))
    }

    /// Returns whether a text may be the name of an option or a variable before `=`.
    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.count <= 100
            && text.utf8.allSatisfy {
                ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                    || $0 == UInt8(ascii: ".")
            }
    }

    private static func isQuote(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") }

    private static func separates(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x09, 0x0A, 0x0D, 0x20, UInt8(ascii: ";"), UInt8(ascii: ","), UInt8(ascii: "{"), UInt8(ascii: "}"),
            UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "|"),
            UInt8(ascii: "`"), UInt8(ascii: "\""), UInt8(ascii: "'"):
            true
        default: false
        }
    }
}

extension Substring {
    fileprivate func trimming(_ isTrimmed: (Character) -> Bool) -> Substring {
        var text = drop(while: isTrimmed)
        while let last = text.last, isTrimmed(last) { text.removeLast() }
        return text
    }
}
