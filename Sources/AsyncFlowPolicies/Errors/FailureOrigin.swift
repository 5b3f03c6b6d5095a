/// The error where a failure began, and the number of errors around it. It is kept with each error that wraps another
/// one, so that the text about ten thousand nested blocks is no slower and no longer than that about five.
package struct FailureOrigin: Sendable {
    /// The innermost error that names a task, or else the innermost one.
    package let error: any Error
    /// The number of errors around it.
    package let depth: Int

    /// Creates the origin of an error from the origin of its cause, if the cause wraps another error.
    init(of cause: any Error) {
        let inner = (cause as? any NestedFailure)?.origin
        error = inner?.error ?? cause
        depth = inner.map { $0.depth + 1 } ?? 0
    }

    /// The greatest depth up to which all errors are shown.
    private static let deepestInFull = 3

    /// Returns the text about an error and the errors that it wraps.
    ///
    /// - Parameter cause: the error from which this origin was made.
    package func text(of cause: any Error) -> String {
        guard depth > Self.deepestInFull, let outer = cause as? any WorkflowError, let name = outer.taskName,
            let id = outer.taskID
        else { return String(describing: cause) }
        return "\(name) (\(id)): … \(depth - 1) more … \(error)"
    }
}

/// An error that wraps another one, which may in turn wrap another one.
package protocol NestedFailure: Error {
    /// The origin of the wrapped error; nil if this error wraps none, or one that names no task.
    var origin: FailureOrigin? { get }
}
