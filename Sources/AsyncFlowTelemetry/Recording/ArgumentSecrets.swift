import AsyncFlowBase

extension [String] {
    /// The words of a command line with `[redacted]` in the place of what looks like a secret: the value of an option or variable
    /// whose name speaks of one (`--token x`, `--api-key=x`, `PASSWORD=x`), what follows `Bearer` or `Basic`, and user info
    /// and queries of URLs.
    ///
    /// What doesn't say that it is a secret, such as a password without an option, can't be known as one.
    package var maskingSecrets: [String] {
        var isSecretNext = false
        return map { word in
            defer { isSecretNext = SecretWords.asksForValue(word) }
            return isSecretNext && !word.hasPrefix("--") ? SecretWords.mask : SecretWords.masking(word)
        }
    }
}

/// Which words of a command line are secrets, or have one in them.
private enum SecretWords {
    static let mask = "[redacted]"

    private static let names = [
        "token", "password", "passwd", "passphrase", "secret", "apikey", "accesskey", "privatekey", "credential",
        "authorization", "bearer",
    ]
    /// Names that are those of secrets as a whole only.
    private static let wholeNames: Set = ["auth", "pwd", "pass", "key", "pat"]
    /// What a name ends with that says where a secret is, or how long, and not which.
    private static let places = [
        "file", "path", "dir", "directory", "url", "name", "count", "limit", "length", "tokens",
    ]

    /// Whether a name, such as that of an option, is that of a secret.
    static func isSecret(_ name: Substring) -> Bool {
        let letters = name.lowercased().filter { $0.isLetter || $0.isNumber }
        if places.contains(where: letters.hasSuffix) { return false }
        return wholeNames.contains(letters) || names.contains { letters.contains($0) }
    }

    /// Whether the next word is the value of this one, and a secret.
    static func asksForValue(_ word: String) -> Bool {
        if word.hasPrefix("-"), !word.utf8.contains(UInt8(ascii: "=")) { return isSecret(word[...]) }
        // A header that was split into words: Authorization: Bearer x
        let last = word.lowercased()
        return last == "bearer" || last == "authorization:"
    }

    static func masking(_ word: String) -> String {
        if let equals = word.utf8.firstIndex(of: UInt8(ascii: "=")), isName(word[..<equals]), isSecret(word[..<equals])
        {
            return word[...equals] + mask
        }
        return maskingHeader(word.redactingURLSecrets)
    }

    /// Whether a word is what stands before `=` in an option or a variable, and no other text.
    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.count <= 100
            && text.utf8.allSatisfy {
                ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                    || $0 == UInt8(ascii: ".")
            }
    }

    /// `Authorization: Bearer x` and `X-Api-Key: x` keep their names only.
    private static func maskingHeader(_ word: String) -> String {
        guard let colon = word.utf8.firstIndex(of: UInt8(ascii: ":")), isName(word[..<colon]), isSecret(word[..<colon])
        else { return word }
        let value = word[word.index(after: colon)...].drop { $0 == " " }
        return value.isEmpty || value.hasPrefix("//") ? word : word[...colon] + " " + mask
    }
}
