public import AsyncFlow

/// The reason that a prompt has no answer. It is the cause of the task's `TaskFailedError`.
///
/// The API key never appears in it, even if a server repeats it. ``failureCode`` maps it to the classes of
/// `.retry(on:)`.
public struct InferenceError: WorkflowError, Hashable {
    /// The kind of failure: one of those that this module adds, or `WorkflowErrorCode.timedOut`.
    public let code: WorkflowErrorCode
    /// The HTTP status, or that of an error object which came with status 200; nil if there was no response.
    public let status: Int?
    /// The description of what happened, with the backend, its URL, and the remedy.
    public let message: String

    init(_ code: WorkflowErrorCode, status: Int? = nil, _ message: String) {
        self.code = code
        self.status = status
        self.message = message
    }
}

extension InferenceError {
    /// `.timedOut` for `WorkflowErrorCode.timedOut` and the statuses 408 and 504; `.backendUnavailable` for connections
    /// that failed, and for the other temporary statuses: 409, 429 and 5xx except 501. Nil for everything else.
    public var failureCode: WorkflowErrorCode? {
        switch code {
        case .timedOut: .timedOut
        case .connectionFailed: .backendUnavailable
        case .refused where status == 408 || status == 504: .timedOut
        case .refused: status.map(Self.mayPass) == true ? .backendUnavailable : nil
        default: nil
        }
    }

    /// Returns whether this HTTP status may be temporary.
    static func mayPass(_ status: Int) -> Bool {
        status == 408 || status == 409 || status == 429 || (500...599).contains(status) && status != 501
    }
}

extension WorkflowErrorCode {
    /// The base URL can't be used.
    public static let invalidURL = WorkflowErrorCode("invalidURL")
    /// The API key can't be sent, because it contains a space, a line end or a control character.
    public static let invalidKey = WorkflowErrorCode("invalidKey")
    /// The request can't be written as JSON.
    public static let invalidRequest = WorkflowErrorCode("invalidRequest")
    /// The server can't be reached, or the connection broke.
    public static let connectionFailed = WorkflowErrorCode("connectionFailed")
    /// The server refused, with a status, an error object or an error event in a stream.
    public static let refused = WorkflowErrorCode("refused")
    /// The account's quota is used up; a retry doesn't help.
    public static let quotaExceeded = WorkflowErrorCode("quotaExceeded")
    /// The token limit cut short an answer that was to be decoded.
    public static let truncated = WorkflowErrorCode("truncated")
    /// The backend's budget of tokens is exhausted: see ``InferenceLimits/totalTokens``.
    public static let budgetExhausted = WorkflowErrorCode("budgetExhausted")
    /// An agent has no answer after all its steps.
    public static let tooManySteps = WorkflowErrorCode("tooManySteps")
    /// The backend can't do what the task asks for.
    public static let unsupported = WorkflowErrorCode("unsupported")
    /// The answer isn't in the cache, which only replays.
    public static let notRecorded = WorkflowErrorCode("notRecorded")
    /// The answer can't be kept in the cache.
    public static let notKept = WorkflowErrorCode("notKept")
    /// The server sent something that isn't an answer.
    public static let invalidAnswer = WorkflowErrorCode("invalidAnswer")
}
