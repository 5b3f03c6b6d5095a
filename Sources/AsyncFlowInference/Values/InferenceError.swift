public import AsyncFlow

/// The reason that a prompt has no answer. It is the cause of the task's `TaskFailedError`.
///
/// The API key never appears in it, even if a server repeats it. ``failureCode`` maps it to the classes of
/// `.retry(on:)`.
public struct InferenceError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A kind of failure. New ones may be added.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String
        private init(_ name: String) { description = name }

        /// The base URL can't be used.
        public static let invalidURL = Code("invalidURL")
        /// The API key can't be sent, because it contains a space, a line end or a control character.
        public static let invalidKey = Code("invalidKey")
        /// The request can't be written as JSON.
        public static let invalidRequest = Code("invalidRequest")
        /// The server can't be reached, or the connection broke.
        public static let connectionFailed = Code("connectionFailed")
        /// The server took too long.
        public static let timedOut = Code("timedOut")
        /// The server refused, with a status, an error object or an error event in a stream.
        public static let refused = Code("refused")
        /// The account's quota is used up; a retry doesn't help.
        public static let quotaExceeded = Code("quotaExceeded")
        /// The token limit cut short an answer that was to be decoded.
        public static let truncated = Code("truncated")
        /// The backend's budget of tokens is exhausted: see ``InferenceLimits/totalTokens``.
        public static let budgetExhausted = Code("budgetExhausted")
        /// An agent has no answer after all its steps.
        public static let tooManySteps = Code("tooManySteps")
        /// The backend can't do what the task asks for.
        public static let unsupported = Code("unsupported")
        /// The answer isn't in the cache, which only replays.
        public static let notRecorded = Code("notRecorded")
        /// The answer can't be kept in the cache.
        public static let notKept = Code("notKept")
        /// The server sent something that isn't an answer.
        public static let invalidAnswer = Code("invalidAnswer")
    }

    public let code: Code
    /// The HTTP status, or that of an error object which came with status 200; nil if there was no response.
    public let status: Int?
    /// The description of what happened, with the backend, its URL, and the remedy.
    public let message: String
    public var description: String { message }

    init(_ code: Code, status: Int? = nil, _ message: String) {
        self.code = code
        self.status = status
        self.message = message
    }
}

extension InferenceError: ClassifiedError {
    /// `.timedOut` for ``Code/timedOut`` and the statuses 408 and 504; `.backendUnavailable` for connections that
    /// failed, and for the other temporary statuses: 409, 429 and 5xx except 501. Nil for everything else.
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
