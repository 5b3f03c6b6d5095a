/// An error that says which kind of failure it is, so that classes such as ``FailureClass/timedOut`` recognise it.
///
/// Every ``WorkflowError`` is one already. Your own error types join with one property:
///
/// ```swift
/// struct QueryError: ClassifiedError {
///     var tookTooLong: Bool
///     var failureCode: WorkflowErrorCode? { tookTooLong ? .timedOut : nil }
/// }
/// ```
///
/// The classes ``FailureClass/timedOut``, ``FailureClass/outOfMemory``, ``FailureClass/workerLost`` and
/// ``FailureClass/backendUnavailable`` look at the code of the same name.
public protocol ClassifiedError: Error {
    /// The kind of failure; nil if it is none of those that have a code.
    var failureCode: WorkflowErrorCode? { get }
}

extension WorkflowError {
    /// The error's ``code``.
    public var failureCode: WorkflowErrorCode? { code }
}

/// The failure of a command, as far as retries look at it.
package protocol CommandFailure: Error {
    /// The exit code of a command that exited by itself.
    var exitCode: Int32? { get }
    /// The number of the signal that ended the command.
    var signal: Int32? { get }
}
