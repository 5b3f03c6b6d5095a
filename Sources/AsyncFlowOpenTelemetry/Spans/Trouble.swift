import AsyncFlow

/// What went wrong, in the words of OpenTelemetry's conventions.
struct Trouble: Sendable, Hashable {
    /// The type of the error that it began with.
    let type: String
    let message: String

    init(_ error: any Error) {
        let known = error as? any WorkflowError
        type = String(reflecting: Swift.type(of: known?.rootCause ?? error))
        message = known?.message ?? String(describing: error)
    }

    /// - Returns: nil if the task has no trouble.
    init?(of task: TaskSpan) {
        guard let error = task.error else { return nil }
        self.init(error)
    }

    /// Those of an `exception` event.
    var attributes: [Attribute] {
        [Attribute("exception.type", type), Attribute("exception.message", message)]
    }
}
