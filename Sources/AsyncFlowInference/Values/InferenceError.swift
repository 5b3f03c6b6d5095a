public import AsyncFlow

/// The reason why a prompt has no answer. The cause of the `TaskFailedError` of its task.
///
/// The API key is in none of its parts, even where a server repeats it. ``failureCode`` puts it into the classes of
/// `.retry(on:)`.
public struct InferenceError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A kind of trouble. New ones may be added.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String
        private init(_ name: String) { description = name }

        /// The base URL can't be used.
        public static let invalidURL = Code("invalidURL")
        /// The API key can't be sent: there is a space, a line end or a control character in it.
        public static let invalidKey = Code("invalidKey")
        /// The request can't be written as JSON.
        public static let invalidRequest = Code("invalidRequest")
        /// The server can't be reached, or the connection broke.
        public static let connectionFailed = Code("connectionFailed")
        /// The server took too long.
        public static let timedOut = Code("timedOut")
        /// The server refused, with a status, an error object or an error event in a stream.
        public static let refused = Code("refused")
        /// The account's quota is used up; trying again doesn't help.
        public static let quotaExceeded = Code("quotaExceeded")
        /// The limit of tokens cut an answer short that was to be decoded.
        public static let truncated = Code("truncated")
        /// The backend may not take so many more tokens: see ``InferenceLimits/totalTokens``.
        public static let budgetExhausted = Code("budgetExhausted")
        /// An agent has no answer after all its steps.
        public static let tooManySteps = Code("tooManySteps")
        /// The backend can't do what the task asks for.
        public static let unsupported = Code("unsupported")
        /// The answer isn't in the cache, and no server may be asked.
        public static let notRecorded = Code("notRecorded")
        /// The answer can't be kept in the cache.
        public static let notKept = Code("notKept")
        /// The server sent something that isn't an answer.
        public static let invalidAnswer = Code("invalidAnswer")
    }

    public let code: Code
    /// The HTTP status; that of the error object if it came with status 200; nil if there was no answer.
    public let status: Int?
    /// A description of what happened, with the backend, its URL, and what can be done.
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
    /// failed, and for the other statuses that may pass: 409, 429 and 5xx but 501. Nil for everything else.
    public var failureCode: WorkflowErrorCode? {
        switch code {
        case .timedOut: .timedOut
        case .connectionFailed: .backendUnavailable
        case .refused where status == 408 || status == 504: .timedOut
        case .refused: status.map(Self.mayPass) == true ? .backendUnavailable : nil
        default: nil
        }
    }

    /// Whether a server that answers with this HTTP status may answer well a while later.
    static func mayPass(_ status: Int) -> Bool {
        status == 408 || status == 409 || status == 429 || (500...599).contains(status) && status != 501
    }
}
