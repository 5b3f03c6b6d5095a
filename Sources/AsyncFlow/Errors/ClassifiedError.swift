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

extension TaskTimeoutError: ClassifiedError {
    /// ``WorkflowErrorCode/timedOut``.
    public var failureCode: WorkflowErrorCode? { .timedOut }
}

extension DeadlineExceededError: ClassifiedError {
    /// ``WorkflowErrorCode/timedOut``: for a task that awaited this one, time ran out.
    public var failureCode: WorkflowErrorCode? { .timedOut }
}
