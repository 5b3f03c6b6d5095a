import AsyncFlow
import AsyncFlowTelemetry

/// What went wrong, in the words of OpenTelemetry's conventions.
struct Trouble: Sendable, Hashable {
    /// The type of the error that it began with.
    let type: String
    let message: String
    /// The last that a command said; empty if it wasn't one.
    let standardErrorTail: String

    init(_ error: any Error) {
        type = String(reflecting: Swift.type(of: (error as? any WorkflowError)?.rootCause ?? error))
        let text = RunFailureText(error)
        message = text.message
        standardErrorTail = text.stderrTail
    }

    /// - Returns: nil if the task has no trouble.
    init?(of task: TaskSpan) {
        guard let error = task.error else { return nil }
        self.init(error)
    }

    /// Those of an `exception` event.
    var attributes: [Attribute] {
        var attributes = [Attribute("exception.type", type), Attribute("exception.message", message)]
        if !standardErrorTail.isEmpty { attributes.append(Attribute("asyncflow.stderr_tail", standardErrorTail)) }
        return attributes
    }
}
