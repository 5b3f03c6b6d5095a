import AsyncFlowBase

/// Text of the service in a form for errors: without secrets, on one line, and short.
struct ServiceText: Sendable {
    private let redactor: SecretRedactor
    /// The maximum number of bytes of any form of a secret; each byte of it may be written as six.
    private let longestForm: Int

    init(secrets: [String]) {
        redactor = SecretRedactor(secrets)
        longestForm = 6 * (secrets.map(\.utf8.count).max() ?? 0)
    }

    /// Returns the beginning of a text. It is cut only after secrets were removed, because a part of one wouldn't be
    /// found.
    func shown(_ text: some Sequence<UInt8>, limit: Int = 200) -> String {
        let most = 8 * limit + 2 * longestForm
        let start = Array(text.prefix(most))
        var shown = redactor.redact(String(decoding: start, as: UTF8.self)).redactingURLSecrets
        // The end of the examined text may be the beginning of a secret.
        if start.count == most { shown = String(decoding: shown.utf8.dropLast(longestForm), as: UTF8.self) }
        // Redacted again, because a secret may become whole when invisible characters are removed from it.
        shown = redactor.redact(shown.harmless())
        return shown.count > limit ? "\(shown.prefix(limit))…" : shown
    }

    func shown(_ text: String, limit: Int = 1000) -> String { shown(text.utf8, limit: limit) }
}
