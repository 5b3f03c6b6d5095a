import AsyncFlowBase

/// A quoter of external text in messages and events: on one line, harmless, without secrets, and short.
///
/// Secrets are removed before the text is shortened; otherwise a part of one could remain at the end.
struct Quoting: Sendable {
    /// The number of bytes of a text that are examined; much more than a quotation shows.
    private static let longestText = 64 << 10
    /// The maximum number of bytes that a byte of a secret becomes when it is escaped, as in `%20`.
    private static let longestEscape = 3

    private let redactor: SecretRedactor
    /// The length of the shortest secret; shorter texts can't contain one.
    private let shortestSecret: Int
    /// The number of characters at the end of a cut text that may be a part of a secret.
    private let longestSecret: Int

    /// - Parameter secrets: the texts that are never shown; empty ones don't count.
    init(without secrets: [String] = []) {
        let secrets = secrets.filter { !$0.isEmpty }
        redactor = SecretRedactor(secrets)
        shortestSecret = secrets.map(\.utf8.count).min() ?? .max
        longestSecret = (secrets.map(\.utf8.count).max() ?? 0) * Self.longestEscape
    }

    /// Returns the text without secrets, as long as it is.
    func redact(_ text: String) -> String { text.utf8.count < shortestSecret ? text : redactor.redact(text) }

    /// Returns the beginning of the text.
    ///
    /// - Parameter length: the greatest number of characters.
    func callAsFunction(_ text: String, upTo length: Int = 300) -> String {
        let isLong = text.utf8.count > Self.longestText
        let head = isLong ? String(decoding: text.utf8.prefix(Self.longestText), as: UTF8.self) : text
        // Made harmless first, because removing an invisible character from a secret afterwards would make it readable.
        var shown = Substring(redact(head.harmless(unicode: true)))
        // The last characters may be a part of a secret.
        if isLong { shown = shown.dropLast(longestSecret) }
        return isLong || shown.count > length ? "\(shown.prefix(length))…" : String(shown)
    }

    /// Returns the beginning of a body that should be text.
    func callAsFunction(_ body: some Collection<UInt8>) -> String {
        self(String(decoding: body.prefix(Self.longestText + 1), as: UTF8.self))
    }
}
