import AsyncFlow
import AsyncFlowBase

extension RunFailureText {
    /// What recordings and displays say of an error: what it was in the beginning, and in words what came of it.
    package init(_ error: any Error) {
        let workflowError = error as? any WorkflowError
        let root = workflowError?.rootCause ?? error
        self.init(
            type: String(describing: Swift.type(of: root)),
            message: Self.bounded(
                (workflowError?.message ?? String(describing: error)).redactingURLSecrets, to: 2_000),
            stderrTail: Self.bounded(
                ((root as? CommandError)?.standardErrorTail ?? "").redactingURLSecrets, to: 4_000, end: true))
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
