/// Where the trouble of an error began, and how many errors are between: kept with each error that wraps another one,
/// so that a text about ten thousand nested blocks takes no longer, and isn't longer, than one about five.
struct FailureOrigin: Sendable {
    /// The innermost error that names a task, or else the innermost one.
    let error: any Error
    /// How many errors are around it.
    let depth: Int

    /// An error that wraps another one knows this about that.
    init(of cause: any Error) {
        let inner = (cause as? any NestedFailure)?.origin
        error = inner?.error ?? cause
        depth = inner.map { $0.depth + 1 } ?? 0
    }

    /// Up to this depth, all errors are told.
    private static let deepestInFull = 3

    /// The text about an error and what is within it.
    ///
    /// - Parameter cause: the error that this was made of.
    func text(of cause: any Error) -> String {
        guard depth > Self.deepestInFull, let outer = cause as? any WorkflowError, let name = outer.taskName,
            let id = outer.taskID
        else { return String(describing: cause) }
        return "\(name) (\(id)): … \(depth - 1) more … \(error)"
    }
}

/// An error that wraps another one, which may wrap another one, and so on.
protocol NestedFailure: Error {
    /// What is known about the error that it wraps; nil if it wraps none, or one that names no task.
    var origin: FailureOrigin? { get }
}
