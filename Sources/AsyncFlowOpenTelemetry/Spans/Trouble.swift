import AsyncFlow
import AsyncFlowBase
import AsyncFlowTelemetry

/// An error in the terms of OpenTelemetry's conventions.
struct Trouble: Sendable, Hashable {
    /// The type of the root cause.
    let type: String
    let message: String
    /// The end of a command's standard error; empty if there is none.
    let standardErrorTail: String

    /// The secrets that no message shows.
    private static let secrets = SecretRedactor.ofThisProcess

    init(_ error: any Error) {
        type = String(reflecting: Swift.type(of: (error as? any WorkflowError)?.rootCause ?? error))
        let text = RunFailureText(error, secrets: Self.secrets)
        message = text.message
        standardErrorTail = text.stderrTail
    }

    /// - Returns: nil if the task has no error.
    init?(of task: TaskSpan) {
        guard let error = task.error else { return nil }
        self.init(error)
    }

    /// The attributes of an `exception` event.
    var attributes: [Attribute] {
        var attributes = [Attribute("exception.type", type), Attribute("exception.message", message)]
        if !standardErrorTail.isEmpty { attributes.append(Attribute("asyncflow.stderr_tail", standardErrorTail)) }
        return attributes
    }
}
