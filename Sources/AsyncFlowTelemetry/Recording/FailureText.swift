import AsyncFlow
package import AsyncFlowBase

extension RunFailureText {
    /// Creates the text about an error in recordings and displays: the type of its root cause, and its message.
    ///
    /// - Parameter secrets: takes secrets out before the texts are cut.
    package init(_ error: any Error, secrets: SecretRedactor = SecretRedactor([])) {
        let workflowError = error as? any WorkflowError
        let root = workflowError?.rootCause ?? error
        let said = workflowError?.message ?? String(describing: error)
        let message = (root as? CommandError).map { Self.masking(said, $0.command) } ?? said
        self.init(
            type: String(describing: Swift.type(of: root)),
            message: Self.bounded(secrets.redact(message.redactingURLSecrets), to: 2_000),
            stderrTail: Self.bounded(
                secrets.redact(((root as? CommandError)?.standardErrorTail ?? "").redactingURLSecrets), to: 4_000,
                end: true))
    }

    /// Returns the text without the secrets of the command that it names, whole or up to where it was cut.
    private static func masking(_ text: String, _ command: Command) -> String {
        let (line, masked) = (command.description, command.maskedDescription)
        if line == masked { return text }
        if text.contains(line) { return text.replacing(line, with: masked) }
        guard let start = text.firstRange(of: "command: ")?.upperBound else { return text }
        let end = text[start...].firstRange(of: "… (")?.lowerBound ?? text.endIndex
        return String(text[..<start]) + masked.prefix(500) + text[end...]
    }

    /// Returns the text, cut to a length that programs which read lines can take.
    private static func bounded(_ text: String, to limit: Int, end: Bool = false) -> String {
        guard text.utf8.count > limit else { return text }
        // Counts scalars, because a character may have any number of them.
        let scalars = text.unicodeScalars
        return end
            ? "…" + String(String.UnicodeScalarView(scalars.suffix(limit)))
            : String(String.UnicodeScalarView(scalars.prefix(limit))) + "…"
    }
}
