/// An error of the engine itself, which can't do what it was asked to do.
public struct EngineError: WorkflowError {
    public let code: WorkflowErrorCode
    public let message: String
    public let cause: (any Error)?

    package init(_ code: WorkflowErrorCode, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}
