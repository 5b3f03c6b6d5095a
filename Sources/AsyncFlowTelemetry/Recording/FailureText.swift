import AsyncFlow
import AsyncFlowBase

extension RunFailureText {
    /// What recordings and displays say of an error: what it was in the beginning, and in words what came of it.
    package init(_ error: any Error) {
        let workflowError = error as? any WorkflowError
        let root = workflowError?.rootCause ?? error
        let said = workflowError?.message ?? String(describing: error)
        let message = (root as? CommandError).map { Self.masking(said, $0.command) } ?? said
        self.init(
            type: String(describing: Swift.type(of: root)),
            message: Self.bounded(message.redactingURLSecrets, to: 2_000),
            stderrTail: Self.bounded(
                ((root as? CommandError)?.standardErrorTail ?? "").redactingURLSecrets, to: 4_000, end: true))
    }

    /// The text without the secrets of the command that it names, whole or up to where it was cut.
    private static func masking(_ text: String, _ command: Command) -> String {
        let (line, masked) = (command.description, command.maskedDescription)
        if line == masked { return text }
        if text.contains(line) { return text.replacing(line, with: masked) }
        guard let start = text.firstRange(of: "command: ")?.upperBound else { return text }
        let end = text[start...].firstRange(of: "… (")?.lowerBound ?? text.endIndex
        return String(text[..<start]) + masked.prefix(500) + text[end...]
    }

    /// A text that isn't too long for a line that many programs read.
    private static func bounded(_ text: String, to limit: Int, end: Bool = false) -> String {
        guard text.utf8.count > limit else { return text }
        // By scalars: a character may have any number of them.
        let scalars = text.unicodeScalars
        return end
            ? "…" + String(String.UnicodeScalarView(scalars.suffix(limit)))
            : String(String.UnicodeScalarView(scalars.prefix(limit))) + "…"
    }
}
